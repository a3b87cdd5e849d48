// SPDX-License-Identifier: Apache-2.0
// What the generator asks and the responder answers: a header and a payload, over TCP one after the other,
// over UDP one in each datagram. An answer is its request with the server's number in it, octet by octet, so
// that the generator knows that it was carried there and back, and by whom it was answered.
//
//     magic 4 | length 4 (of all) | sequence 8 | flow 4 | server 2 | what 1 | 0 1      all big-endian; then
//     payload
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <endian.h>
#include <optional>

namespace fairlead::measure {

inline constexpr std::size_t kHeaderBytes = 24;
inline constexpr std::size_t kMostBytes = 1400;  // of a message: a datagram stays whole on any usual link
inline constexpr std::uint32_t kMagic = 0x464c4231;

enum class What : std::uint8_t {
  echo = 1,        // answer
  echo_close = 2,  // answer and close: the server ends the connection, as with HTTP/1.0
  sink = 3,        // take what follows until its end, then answer with `sequence` the octets that came
};

struct Message {
  std::uint32_t length = kHeaderBytes;
  std::uint64_t sequence = 0;
  std::uint32_t flow = 0;
  std::uint16_t server = 0;
  What what = What::echo;
  bool operator==(const Message&) const = default;
};

inline void encode(const Message& message, std::byte* to) {
  const std::uint32_t words[] = {htobe32(kMagic), htobe32(message.length)};
  const std::uint64_t sequence = htobe64(message.sequence);
  const std::uint32_t flow = htobe32(message.flow);
  const std::uint16_t server = htobe16(message.server);
  std::memcpy(to, words, 8);
  std::memcpy(to + 8, &sequence, 8);
  std::memcpy(to + 16, &flow, 4);
  std::memcpy(to + 20, &server, 2);
  to[22] = static_cast<std::byte>(message.what);
  to[23] = std::byte{0};
}

// Of kHeaderBytes; nothing when it is no message of ours.
inline std::optional<Message> decode(const std::byte* from) {
  std::uint32_t magic = 0;
  Message message;
  std::memcpy(&magic, from, 4);
  std::memcpy(&message.length, from + 4, 4);
  std::memcpy(&message.sequence, from + 8, 8);
  std::memcpy(&message.flow, from + 16, 4);
  std::memcpy(&message.server, from + 20, 2);
  message.length = be32toh(message.length);
  message.sequence = be64toh(message.sequence);
  message.flow = be32toh(message.flow);
  message.server = be16toh(message.server);
  message.what = static_cast<What>(from[22]);
  const bool known = message.what >= What::echo && message.what <= What::sink;
  if (be32toh(magic) != kMagic || !known || from[23] != std::byte{0}) return std::nullopt;
  if (message.length < kHeaderBytes || message.length > kMostBytes) return std::nullopt;
  return message;
}

// kMostBytes of payload that differ from one sequence number to the next.
inline const std::byte* payload_of(std::uint64_t sequence) {
  static const auto kPool = [] {
    std::array<std::byte, 4096 + kMostBytes> pool{};
    std::uint32_t state = 2463534242U;  // xorshift32
    for (std::byte& octet : pool) {
      state ^= state << 13;
      state ^= state >> 17;
      state ^= state << 5;
      octet = static_cast<std::byte>(state);
    }
    return pool;
  }();
  return kPool.data() + sequence % 4096;
}

// The whole request, `message.length` octets.
inline void compose(const Message& message, std::byte* to) {
  encode(message, to);
  std::memcpy(to + kHeaderBytes, payload_of(message.sequence), message.length - kHeaderBytes);
}

// Who answered; nothing when these octets are not the answer to that request.
inline std::optional<std::uint16_t> answerer(const Message& request, const std::byte* answer) {
  const std::optional<Message> head = decode(answer);
  if (!head) return std::nullopt;
  Message expected = request;
  expected.server = head->server;
  if (*head != expected) return std::nullopt;
  const std::size_t rest = request.length - kHeaderBytes;
  if (std::memcmp(answer + kHeaderBytes, payload_of(request.sequence), rest) != 0) return std::nullopt;
  return head->server;
}

}  // namespace fairlead::measure
