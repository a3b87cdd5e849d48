// SPDX-License-Identifier: Apache-2.0
// Any octets as a frame of the agent's stream, in either direction, and as an
// event of /v1/watch: refused as corrupt, or a message that encodes to a frame
// that decodes as the same message.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "control/proto/stream.h"

using namespace fairlead;

namespace {

template <class Decode>
void comes_back(std::string_view octets, Decode decode) {
  const auto message = decode(octets);
  if (!message) {
    FL_CHECK(message.error().code == Code::corrupt, format(message.error()));
    return;
  }
  const auto again = decode(proto::encode(*message));
  FL_CHECK(again && *again == *message, octets.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  comes_back(octets, proto::decode_agent_message);
  comes_back(octets, proto::decode_control_message);
  comes_back(octets, proto::decode_watch_event);
  return 0;
}
