// SPDX-License-Identifier: Apache-2.0
// Responder: answers what the generator asks (message.h), over TCP and UDP, on each of its addresses; an
// address may be in a network namespace of its own. Threads with an epoll each; every connection, message and
// read is bounded. What is no message of ours ends its connection; a datagram that is none gets no answer.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/io/fd.h"
#include "base/ip.h"
#include "base/result.h"
#include "dataplane/measure/load/load.h"

namespace fairlead::measure {

inline constexpr std::size_t kMostConnections = 65536;  // of one thread; more are closed at once

struct Listen {
  int netns = -1;  // -1: the caller's
  IpAddress address;
  std::uint16_t port = 0;
  std::uint16_t server = 1;  // its number in answers
};

class Answering;

class Responder {
 public:
  // Listens on all of them, or says which one it cannot have.
  static Result<std::unique_ptr<Responder>> start(const std::vector<Listen>& listens, unsigned threads,
                                                  const std::vector<int>& cpus);
  ~Responder();

  std::vector<int> threads() const;  // their ids, for what CPU they take
  std::uint64_t requests() const;    // messages that came, and connections of tcp-bulk

 private:
  Responder() = default;
  Fd stop_;
  std::vector<std::unique_ptr<Answering>> answering_;
  std::vector<std::thread> threads_;
};

}  // namespace fairlead::measure
