// SPDX-License-Identifier: Apache-2.0
// What an HTTP probe sends, and how the first line of its answer is judged: a
// status of 200 to 399 is well. The agent's probes and an edge's speak so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace fairlead {

struct ProbeResult {
  bool well = false;
  std::string reason;  // "connection refused", "status 503", "no answer in 1s"; empty when well
};

inline constexpr std::size_t kMaxStatusLine = 256;  // more of it is not looked at

bool is_probe_path(std::string_view path);  // begins with /, no blanks and no control characters
std::string probe_request(const IpAddress& address, std::uint16_t port, std::string_view path);
ProbeResult judge_status_line(std::string_view line);
std::string probe_failure(std::string message);  // the system's words as a reason: "connection refused"

}  // namespace fairlead
