// SPDX-License-Identifier: Apache-2.0
// What fl-serve says: bytes in, bytes out, no socket. HTTP/1.1 (GET and HEAD
// of / and /healthz, keep-alive) and lines (each echoed behind the identity).
// The identity is one line that tells which pod answered:
//
//     pod=web-0 node=n1 address=10.244.1.2
//
// A request larger than kMaxRequest ends the conversation.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::hello {

constexpr std::size_t kMaxRequest = 16384;

std::string identity(std::string_view pod, std::string_view node, std::string_view address);

class Conversation {
 public:
  enum class Speaks { http, lines };
  Conversation(Speaks speaks, std::string identity) : speaks_(speaks), identity_(std::move(identity)) {}

  // Takes what arrived and returns what to send, which may be nothing yet.
  std::string take(std::string_view bytes);
  // Nothing more will be answered: close when everything is sent.
  bool over() const { return over_; }
  // A client may be waiting: it has not had its first answer, or half a request is here.
  bool owes() const { return !over_ && (answers_ == 0 || !pending_.empty()); }
  // From now on each answer is the last one.
  void last_orders() { last_orders_ = true; }

 private:
  std::string http(std::string_view head);

  Speaks speaks_;
  std::string identity_;
  std::string pending_;
  std::size_t answers_ = 0;
  bool over_ = false;
  bool last_orders_ = false;
};

}  // namespace fairlead::hello
