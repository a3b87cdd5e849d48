// SPDX-License-Identifier: Apache-2.0
// WebSocket: one bidirectional stream of whole messages, on the server's side
// and on the client's. Sending never blocks: messages wait in a queue with a
// bound, and a reader that is too slow for it is an error the sender sees.
// Quiet peers are pinged and dropped when they do not answer. Belongs to one
// loop's thread and must not outlive that loop; receive() is awaited by one
// task at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "control/net/task.h"

namespace fairlead::net {

struct Message {
  std::string bytes;
  bool binary = true;
};

struct StreamLimits {
  std::size_t message_bytes = 4U << 20;  // a longer message closes the stream
  std::size_t queue_bytes = 8U << 20;    // waiting to be sent
  std::size_t queue_messages = 1024;
  Millis handshake{10000};
  Millis idle{10000};  // a ping after half of it; dead after all of it
};

class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // Queues a message. exhausted: the queue is full; unavailable: closed.
  virtual Result<> send(Message message) = 0;
  // As send(), but waits for room.
  virtual Task<Result<>> send_when_room(Message message) = 0;
  // The next message; unavailable when the stream has ended, with the peer's reason.
  virtual Task<Result<Message>> receive() = 0;
  // What is queued is still sent, then the closing handshake; at most 2 s, then the socket is cut.
  virtual void close(std::string reason) = 0;
  virtual bool is_open() const = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual std::size_t queued_messages() const = 0;
};

using WebSocketPtr = std::shared_ptr<WebSocket>;

}  // namespace fairlead::net
