// SPDX-License-Identifier: Apache-2.0
// step(): how an edge's state answers what happens. Pure; time is an argument.
//
// A ring changes only by a change of members or weights, which is appended to the
// service's history. In it are the file's servers with a next hop that are not
// drained and whose probes succeed; one that was never probed stays what it was.
// When all look dead all are kept, and that is told.
//
// A change is settled, from when flows of its slots are forgotten, when it is older than `settle` of the
// file; sooner, but not before a flow can have been idle for so long (kSettles), when no flow of the service
// is remembered. Settled changes are folded into the ring that the history begins from.
//
// A server that falls again soon after it rose waits longer before it returns:
// 5 s, doubling to 5 minutes; one that stayed up for 5 minutes waits for nothing.
#pragma once

#include <variant>

#include "dataplane/lb/core/state.h"

namespace fairlead::lb {

struct Configured {
  Config config;
};
struct Drained {
  std::string service;
  IpAddress server;
  bool drained = true;  // false: takes new connections again
};
struct Probed {
  std::string service;
  IpAddress server;
  bool well = false;
  std::string why;
};
struct Found {  // the way to a target
  IpAddress target;
  std::optional<Hop> hop;
  std::string why;  // there is none
};
struct Quiet {  // whether any flow of a service is remembered
  std::string service;
  bool quiet = false;
};
struct Ticked {};
using Event = std::variant<Configured, Drained, Probed, Found, Quiet, Ticked>;

// What people are told: one line each.
struct Told {
  std::string what;  // "ServerDown"
  std::string object;
  std::string why;
  bool operator==(const Told&) const = default;
};

struct Outcome {
  bool tables = false;  // edge_of() may be another one: save, then apply
  std::vector<Told> told;
};

// not_found: no such service or server (Drained). exhausted: a ring's history is full; the ring stays as it
// is.
Result<Outcome> step(State& state, const Event& event, MonoTime now);

// Services wait so long for the next hops of their servers before their first ring.
inline constexpr Millis kHopPatience{2000};
inline constexpr std::size_t kMaxHistory = 4096;
inline constexpr std::uint32_t kFolds = 64;  // so many settled changes at once
inline constexpr Millis kFirstWait{5000};
inline constexpr Millis kLongestWait{300000};
inline constexpr Millis kSteady{300000};

}  // namespace fairlead::lb
