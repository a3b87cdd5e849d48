// SPDX-License-Identifier: Apache-2.0
// The three kinds of traffic. Each function runs until `stop`, on its own
// thread or threads, and counts into the tally. All sockets belong to the network
// namespace that the program was started in: a pod's.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/ip.h"
#include "tests/chaos/tally.h"

namespace fairlead::chaos {

struct Options {
  std::string status;  // file
  IpAddress dns;
  std::string name;             // its addresses are `vips`
  std::vector<IpAddress> vips;  // ports 80 (HTTP) and 9000 (lines)
  std::vector<IpAddress> pods;  // the same behind them: ports 8080 and 9000
  std::size_t flows = 0;        // over all vips and pods by turns
  std::size_t rate = 0;         // new connections a second
  std::size_t queries = 0;      // a second
};

// Established connections that speak by turns, each line with its number; never opened again.
void keep_flows(const Options& options, Tally& tally, const std::stop_token& stop);
// One GET on a connection of its own, each at a time that is due by a steady pace. 24 threads wait for their
// answers: when all wait, or the machine is behind, what is due for more than 1 s is not begun but counted
// (`shed`).
void make_connections(const Options& options, Tally& tally, const std::stop_token& stop);
// As a resolver asks: again after a while, from another port, for at most 30 s.
void ask_names(const Options& options, Tally& tally, const std::stop_token& stop);

}  // namespace fairlead::chaos
