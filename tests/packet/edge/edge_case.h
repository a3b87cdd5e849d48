// SPDX-License-Identifier: Apache-2.0
// A packet case of an edge as text: its state, what it remembers, the packets that come and when, what
// becomes of each, and what it remembers at the end. Every machine must agree with it.
//
//   # why this case exists
//   state FILE                   a ForwardingState beside the cases
//   before FLOW                  FLOW: tcp|udp A:p > B:q server N seen SECONDS new|tcp|udp|ends
//   at SECONDS                   the time from here on, since the case's beginning; may be before it
//   in PACKET                    from outside
//   verdict NAME [server N]
//   out PACKET                   none for a drop; `out unchanged` for a packet as it came
//   after FLOW                   is remembered so at the end
//   flows N                      words in the flow table at the end; none: as many as `after` names
//
// All but `state` and `flows` may repeat; a line that begins with a blank continues the one above it. Numbers
// of servers are given in the order in which the state names them. A FLOW is of a service without affinity.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/fwd/context.h"
#include "dataplane/model/edge/edge_memory.h"
#include "tests/packet/reference.h"

namespace fairlead::test {

struct EdgeFlow {
  int line = 0;
  fwd_headers headers{};
  std::uint32_t server = 0;
  std::uint64_t seen = 0;  // beat
  std::uint32_t state = 0;
};

struct EdgeStep {
  int line = 0;
  std::uint64_t beat = 0;
  Bytes packet;
  std::string verdict;
  std::uint32_t server = 0;
  Bytes out;
};

struct EdgeCase {
  model::TableImage tables;
  std::vector<EdgeFlow> before, after;
  std::vector<EdgeStep> steps;
  std::optional<std::size_t> flows;
};

inline constexpr std::uint64_t kCaseBeat =
    8'192'000;  // the beginning: 13 minutes before ticks come around

// Throws std::runtime_error with file and line.
EdgeCase read_edge_case(const std::filesystem::path& file);
std::vector<std::filesystem::path> edge_case_files();

// In the first free place of its bucket.
void remember(const model::EdgeMemory& memory, const EdgeFlow& flow);
// Empty: it is remembered so. Else what is instead.
std::string missing(const model::EdgeMemory& memory, const EdgeFlow& flow);
std::size_t words_in(const model::EdgeMemory& memory);

}  // namespace fairlead::test
