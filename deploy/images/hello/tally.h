// SPDX-License-Identifier: Apache-2.0
// Who answered how often, and what failed why: loadgen's table, as a value.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::hello {

class Tally {
 public:
  // `body` is fl-serve's identity line; anything else counts as a failure.
  void answered(std::string_view body);
  void failed(const std::string& reason) { ++failures_[reason]; }

  std::size_t answers() const;
  std::size_t failures() const;
  // Columns POD NODE ANSWERS SHARE, then FAILED by reason when there are any.
  std::string table() const;

 private:
  std::map<std::pair<std::string, std::string>, std::size_t> answers_;  // by pod, node
  std::map<std::string, std::size_t> failures_;
};

}  // namespace fairlead::hello
