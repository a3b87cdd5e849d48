// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/saved/frames.h"

namespace fairlead::agent {

std::string number(std::uint64_t value) {
  std::string bytes;
  for (unsigned i = 0; i < kNumberBytes; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < kNumberBytes; ++i)
    value |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  return value;
}

void add_frame(std::string& out, const proto::ControlMessage& message) {
  const std::string frame = proto::encode(message);
  out += number(frame.size()) + frame;
}

Result<proto::ControlMessage> take_frame(std::string_view& bytes) {
  const auto cut = [] { return fail(Code::corrupt, "frame", "it is cut"); };
  if (bytes.size() < kNumberBytes) return cut();
  const std::uint64_t size = read_number(bytes);
  if (size > bytes.size() - kNumberBytes) return cut();
  const std::string_view frame = bytes.substr(kNumberBytes, size);
  bytes.remove_prefix(kNumberBytes + size);
  return proto::decode_control_message(frame);
}

}  // namespace fairlead::agent
