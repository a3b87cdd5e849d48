// SPDX-License-Identifier: Apache-2.0
// Time as a value. Pure code takes these as arguments; only base/io/clock.h
// reads a clock.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace fairlead {

using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<Millis>;                               // UTC, may jump
using MonoTime = std::chrono::time_point<std::chrono::steady_clock, Millis>;  // never goes back

// "1s", "250ms", "2m", "1h30m": whole numbers and units ms, s, m, h, largest first.
Result<Millis> parse_duration(std::string_view text);
std::string format_duration(Millis duration);

// RFC 3339 with milliseconds, in UTC: "2026-01-02T03:04:05.678Z".
Result<WallTime> parse_time(std::string_view text);
std::string format_time(WallTime time);

// The pause before try number `failures` + 1: first, doubling, to the last.
Millis backoff(std::uint32_t failures, Millis first, Millis last);

}  // namespace fairlead
