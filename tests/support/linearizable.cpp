// SPDX-License-Identifier: Apache-2.0
#include "tests/support/linearizable.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace fairlead {
namespace {

using Operations = std::vector<Operation>;

// The value after it; nullopt: one copy would have answered otherwise.
std::optional<std::string> step(const Operation& operation, const std::string& value) {
  const bool known = operation.answered != Operation::kNever;
  switch (operation.type) {
    case Operation::Type::read:
      return !known || operation.value == value ? std::optional(value) : std::nullopt;
    case Operation::Type::write:
      return operation.value;
    case Operation::Type::swap:
      const bool stands = operation.expected == value;
      if (known && stands != operation.swapped) return std::nullopt;
      return stands ? operation.value : value;
  }
  return std::nullopt;
}

class Search {
 public:
  explicit Search(const Operations& operations) : operations_(operations), done_(operations.size(), false) {}

  bool explains(const std::string& value) {
    if (certain_are_done()) return true;
    if (!seen_.emplace(done_, value).second) return false;
    const std::uint64_t first_answer = earliest_answer();
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      // After somebody's answer nothing may come next that was called later.
      if (done_[i] || operations_[i].called > first_answer) continue;
      const auto after = step(operations_[i], value);
      if (!after) continue;
      done_[i] = true;
      if (explains(*after)) return true;
      done_[i] = false;
    }
    return false;
  }

 private:
  bool certain_are_done() const {
    for (std::size_t i = 0; i < operations_.size(); ++i)
      if (!done_[i] && operations_[i].answered != Operation::kNever) return false;
    return true;
  }
  std::uint64_t earliest_answer() const {
    std::uint64_t earliest = Operation::kNever;
    for (std::size_t i = 0; i < operations_.size(); ++i)
      if (!done_[i]) earliest = std::min(earliest, operations_[i].answered);
    return earliest;
  }

  const Operations& operations_;
  std::vector<bool> done_;
  std::set<std::pair<std::vector<bool>, std::string>> seen_;
};

// The shortest beginning that no order explains ends where it went wrong.
std::string shortest(const Operations& operations, const std::string& start) {
  std::vector<std::uint64_t> ends;
  for (const Operation& one : operations)
    if (one.answered != Operation::kNever) ends.push_back(one.answered);
  std::ranges::sort(ends);
  for (const std::uint64_t end : ends) {
    Operations beginning;
    for (Operation one : operations) {
      if (one.called > end) continue;
      if (one.answered > end) one.answered = Operation::kNever;
      beginning.push_back(std::move(one));
    }
    if (Search(beginning).explains(start)) continue;
    std::string text = "no order explains:";
    for (const Operation& one : beginning) text += "\n  " + text_of(one);
    return text;
  }
  return "no order explains the history";
}

}  // namespace

std::string text_of(const Operation& operation) {
  const bool known = operation.answered != Operation::kNever;
  std::string text = "[" + std::to_string(operation.called) + "," +
                     (known ? std::to_string(operation.answered) : std::string("?")) + "] " + operation.key +
                     ": ";
  switch (operation.type) {
    case Operation::Type::read:
      return text + "read " + (known ? operation.value : std::string("?"));
    case Operation::Type::write:
      return text + "write " + operation.value;
    case Operation::Type::swap:
      return text + "swap " + operation.expected + " for " + operation.value +
             (!known              ? " ?"
              : operation.swapped ? " done"
                                  : " refused");
  }
  return text;
}

std::optional<std::string> find_violation(const std::vector<Operation>& history, const std::string& start) {
  std::map<std::string, Operations> keys;
  for (const Operation& one : history) {
    const bool says_nothing = one.type == Operation::Type::read && one.answered == Operation::kNever;
    if (!says_nothing) keys[one.key].push_back(one);
  }
  for (auto& [key, operations] : keys) {
    std::ranges::sort(operations, {}, &Operation::called);
    if (!Search(operations).explains(start)) return shortest(operations, start);
  }
  return std::nullopt;
}

}  // namespace fairlead
