// SPDX-License-Identifier: Apache-2.0
// Every benchmark and every row that one may print: its name, unit, baseline
// and aim. A program cannot print a row that is not here, and a tidy test holds
// docs/benchmarks.md to this list: no row is missing there, none has another aim.
// A case is a row's name and keys: "rtt/native/family=v4".
#pragma once

#include <array>
#include <string_view>

namespace fairlead::bench {

struct Question {
  std::string_view bench;
  std::string_view text;
};

struct KnownRow {
  std::string_view bench;
  std::string_view name;
  std::string_view unit;      // of value and baseline
  std::string_view baseline;  // what was measured beside it in the same run; empty: a figure of its own
  std::string_view aim;       // "<=1.08", ">=1.05"; empty: shown without one
  std::string_view aim_on;    // "ratio" or "value"
};

// clang-format off
inline constexpr std::array<Question, 0> kQuestions{};

inline constexpr std::array<KnownRow, 0> kRows{};
// clang-format on

}  // namespace fairlead::bench
