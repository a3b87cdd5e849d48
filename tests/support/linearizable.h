// SPDX-License-Identifier: Apache-2.0
// Is there an order in which one copy of the data would have answered as these
// concurrent clients were answered? A search after Wing and Gong, with the
// memory of Lowe: try each operation that could come next, remember every
// {set of operations done, value} that led nowhere. Keys are independent of
// each other (linearizability is local), so each is searched alone.
//
// An operation whose client was never answered (a crash) may have happened at
// any time after its call, or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fairlead {

struct Operation {
  enum class Type : std::uint8_t { read, write, swap };  // swap: writes `value` if `expected` stands
  static constexpr std::uint64_t kNever = UINT64_MAX;

  Type type = Type::read;
  std::string key;
  std::string value;                // read: what was answered, "" for nothing
  std::string expected;             // swap
  bool swapped = false;             // swap: what was answered
  std::uint64_t called = 0;         // both in the order of one clock
  std::uint64_t answered = kNever;  // kNever: the client does not know
};

std::string text_of(const Operation& operation);  // "[3,7] x: write 5"

// nullopt: linearizable. Otherwise the operations of one key that no order
// explains, as text for a person. `start`: what stands under every key first.
std::optional<std::string> find_violation(const std::vector<Operation>& history,
                                          const std::string& start = "");

}  // namespace fairlead
