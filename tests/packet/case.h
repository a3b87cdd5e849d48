// SPDX-License-Identifier: Apache-2.0
// A packet case as text: what a node knows, the packets that come, what becomes
// of each, and the flows before and after. Every machine must agree with it.
//
//   # why this case exists
//   state FILE                          a ForwardingState beside the cases
//   now 1000                            seconds; default 1000
//   capacity 64                         entries of the flow table; default 64
//   reference-only                      the kernel runs none of its packets (cut inside the IP header)
//   before tcp A:p > B:q => C:r > D:s [seen@ SECONDS] [epoch N] [vtep N | outside] [FLAG...]
//                                       flags: origin rewrite seen syn fin rst
//   pod PACKET                          from the link with interface 1; or: wire PACKET
//   verdict NAME [ifindex N] [vtep N]
//   out PACKET                          none for a drop; `out unchanged` for a packet as it came
//   after ...                           like before; the whole table at the end
//
// pod/wire, verdict, out may repeat. A line that begins with a blank continues
// the one above it. packet_text.h tells how packets are written.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/packet/reference.h"

namespace fairlead::test {

struct Step {
  bool from_wire = false;
  Bytes packet;
  Outcome wanted;
  int line = 0;
};

struct Case {
  std::string name;
  model::TableImage tables;
  std::uint32_t now = 1000;
  std::uint32_t capacity = 64;
  bool reference_only = false;
  Flows before;
  std::vector<Step> steps;
  Flows after;
};

// Calls `read` with each line's first word, the rest, and its number. `#` begins a comment. Throws
// std::runtime_error with file and line when `read` throws.
using ReadLine = std::function<void(const std::string& key, const std::string& rest, int line)>;
void read_case_lines(const std::filesystem::path& file, const ReadLine& read);

// "10.0.0.1:80" or "[fd00::1]:80"
void read_side(const std::string& text, fwd_addr& address, __be16& port_be);

// Throws std::runtime_error with file and line.
Case read_case(const std::filesystem::path& file);

// One line per flow, as `before` takes it.
std::string format_flows(const Flows& flows);

}  // namespace fairlead::test
