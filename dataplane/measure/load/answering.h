// SPDX-License-Identifier: Apache-2.0
// Answering: one thread of a Responder.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <map>

#include "dataplane/measure/load/message.h"
#include "dataplane/measure/load/responder.h"

namespace fairlead::measure {

class Answering {
 public:
  static Result<std::unique_ptr<Answering>> open(int stop);
  Result<> listen(const Listen& on);
  void run();  // until `stop` is readable

  std::atomic<int> thread{0};
  std::atomic<std::uint64_t> requests{0};

 private:
  struct Peer {
    enum class Kind : std::uint8_t { stop, listener, datagrams, connection } kind = Kind::stop;
    Fd fd;
    std::uint16_t server = 0;
    bool sinking = false;
    std::uint64_t sunk = 0;
    std::size_t have = 0;
    std::array<std::byte, kMostBytes> part;  // of a message that did not come at once
  };
  Answering() = default;
  Result<> add(std::unique_ptr<Peer> peer);
  void accept(Peer& listener);
  void answer_datagrams(Peer& peer);
  bool serve(Peer& peer);  // false: it is over
  bool answer_messages(Peer& peer, const std::byte* data, std::size_t size);
  bool answer(Peer& peer, std::byte* message, const Message& head);
  static void confirm(Peer& peer);

  Fd epoll_;
  int stop_ = -1;
  std::map<int, std::unique_ptr<Peer>> peers_;  // by descriptor
  std::array<std::byte, 64 * 1024> in_{};
};

}  // namespace fairlead::measure
