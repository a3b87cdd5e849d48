// SPDX-License-Identifier: Apache-2.0
// The frames of the agent's files: a message of its stream (control/proto)
// after its length, both little-endian octets. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/proto/stream.h"

namespace fairlead::agent {

constexpr std::size_t kNumberBytes = 8;

std::string number(std::uint64_t value);
// The number at the front of `bytes`, which must have one.
std::uint64_t read_number(std::string_view bytes);

void add_frame(std::string& out, const proto::ControlMessage& message);
// Takes the first frame off `bytes`. Error corrupt: it is cut or no message.
Result<proto::ControlMessage> take_frame(std::string_view& bytes);

}  // namespace fairlead::agent
