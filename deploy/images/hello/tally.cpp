// SPDX-License-Identifier: Apache-2.0
// Columns are as wide as their widest cell.
#include "deploy/images/hello/tally.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace fairlead::hello {
namespace {

// The word behind `key` in "pod=a node=b ..."; empty when absent.
std::string field(std::string_view line, std::string_view key) {
  const auto at = line.find(key);
  if (at == std::string_view::npos) return "";
  line.remove_prefix(at + key.size());
  return std::string(line.substr(0, line.find_first_of(" \r\n")));
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text + "  ";
}

template <class Counts>
std::size_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0},
                         [](std::size_t total, const auto& row) { return total + row.second; });
}

}  // namespace

void Tally::answered(std::string_view body) {
  const std::string pod = field(body, "pod=");
  const std::string node = field(body, "node=");
  if (pod.empty() || node.empty()) {
    failed("answered by something that is not fl-serve");
  } else {
    ++answers_[{pod, node}];
  }
}

std::size_t Tally::answers() const { return sum(answers_); }
std::size_t Tally::failures() const { return sum(failures_); }

std::string Tally::table() const {
  std::size_t pods = 3;
  std::size_t nodes = 4;
  for (const auto& [who, count] : answers_) {
    pods = std::max(pods, who.first.size());
    nodes = std::max(nodes, who.second.size());
  }
  std::string out = padded("POD", pods) + padded("NODE", nodes) + "ANSWERS  SHARE\n";
  for (const auto& [who, count] : answers_) {
    char share[16];
    std::snprintf(share, sizeof share, "%.1f%%",
                  100.0 * static_cast<double>(count) / static_cast<double>(answers()));
    out +=
        padded(who.first, pods) + padded(who.second, nodes) + padded(std::to_string(count), 7) + share + "\n";
  }
  for (const auto& [reason, count] : failures_)
    out += "FAILED " + std::to_string(count) + "  " + reason + "\n";
  return out;
}

}  // namespace fairlead::hello
