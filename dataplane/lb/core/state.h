// SPDX-License-Identifier: Apache-2.0
// What an edge knows, as values: its file, each service's ring as the
// history of its changes, each server's health and next hop. step.h changes it,
// edge_of() makes the tables' state of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "dataplane/lb/config/config.h"
#include "dataplane/model/forwarding_state.h"

namespace fairlead::lb {

// The way to a server or to its tunnel's end.
struct Hop {
  MacAddress next_hop, own;
  std::uint32_t link = 0;  // the engine's number; 0: frames leave by where they came
  std::uint32_t mtu = 0;   // of that way
  IpAddress source;        // of tunnels
  bool routed = false;     // by a router: the target is on no link of ours
  bool operator==(const Hop&) const = default;
};

struct Server {
  ServerConfig config;
  std::optional<Hop> hop;  // the last one known
  std::string no_hop;      // why there is none now, or none yet; empty: it is known
  bool drained = false;    // by a command
  // Probes.
  bool judged = false;
  bool up = false;
  std::uint32_t streak = 0;  // answers in a row that speak against `up`
  std::string why;           // of the last probe that failed
  Millis wait{0};            // how long it stays out when it falls: a server that flaps
  std::optional<MonoTime> rose, held_until;

  bool leaves() const { return drained || config.drain; }
};

struct Change {
  model::RingChange members;
  Millis age{0};  // while an edge ran
  bool operator==(const Change&) const = default;
};

struct Service {
  ServiceConfig config;
  std::uint32_t number = 0;
  std::vector<Change> history;
  std::uint32_t settled = 0;  // of them, from the first: no flow from before needs them
  model::EdgeRing base;       // older changes, folded
  bool quiet = false;         // no flow of it is remembered
  std::map<IpAddress, Server> servers;
  std::optional<MonoTime> waits_since;  // for next hops, before its first ring
  bool all_dead = false;                // all look dead, all are kept
  bool full = false;                    // its history is
};

struct State {
  Config config;
  std::uint64_t seed = 0;
  std::map<std::string, Service> services;  // by name
  MonoTime now{};
};

// What another process left in the file (saved.h).
struct Saved {
  model::ForwardingState forwarding;
  struct Of {
    std::uint32_t number = 0;
    std::vector<Millis> ages;  // as many as its history has changes
    std::vector<IpAddress> drained;
    bool operator==(const Of&) const = default;
  };
  std::map<std::string, Of> services;
  bool operator==(const Saved&) const = default;
};

// An edge that begins: with what is saved, or anew under `seed`. The file's secret goes before both.
State begin(const std::optional<Saved>& saved, const Config& config, std::uint64_t seed, MonoTime now);
Saved saved_of(const State& state);

// The tables' state. A server without a next hop is not in it yet.
model::ForwardingState edge_of(const State& state);

// Bytes of a client's IP packet that reach a server.
std::uint16_t room_of(model::Delivery delivery, const IpAddress& to, std::uint32_t mtu);

bool in_ring(const Service& service, const IpAddress& address);  // it takes new flows
// By probes. Not one beside the edge: a probe leaves by a link.
bool is_asked(const Service& service, const Server& server);
void take_given_ring(Service& service);  // that its config has, if it has one

// May frames be sent to it? A router would bring one of `l2`, which is still for the service's address, back.
bool has_way(const Service& service, const Server& server);

// A server's word and why: "up", "down", "drained", "no way", "unknown" (not probed yet), "unchecked" (nobody
// probes it).
struct Standing {
  std::string_view state;
  std::string why;
};
Standing standing(const Service& service, const Server& server, MonoTime now);

// What a flow may be idle (dataplane/fwd/edge/values.h), and a little: before it, no change is settled.
inline constexpr Millis kSettles = std::chrono::hours(6) + std::chrono::minutes(5);

const IpAddress& target_of(const Server& server);  // to whom frames go: the tunnel's end, or the server

}  // namespace fairlead::lb
