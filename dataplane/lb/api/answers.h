// SPDX-License-Identifier: Apache-2.0
// What fairlead-lb answers and the command line shows, as values; fields.h describes
// each once for both sides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/time.h"

namespace fairlead::lb::api {

inline constexpr std::string_view kSocket = "/run/fairlead/lb.sock";

struct Port {
  std::string name;
  std::uint32_t number = 0;
  std::string mode;
  bool operator==(const Port&) const = default;
};

struct ServiceStatus {
  std::string name;
  std::vector<std::string> addresses;
  std::vector<std::string> ports;
  std::string deliver;
  std::uint32_t servers = 0;
  std::uint32_t in_ring = 0;
  std::uint32_t slots = 0;    // of its ring
  std::uint32_t changed = 0;  // of them: changed hands, so that their flows are remembered
  std::uint32_t changes = 0;  // of the ring that are remembered
  double new_flows = 0;       // a second
  std::string why;            // blank when healthy
  bool operator==(const ServiceStatus&) const = default;
};

struct Drop {
  std::string reason;
  std::string meaning;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::string last;  // the newest of them
  bool operator==(const Drop&) const = default;
};

struct Status {
  std::string engine;
  std::string version;
  std::string config;   // path of the file
  std::string control;  // of a cluster: whether it is heard, and what was last said; blank: stand-alone
  WallTime since{};
  std::uint32_t flows = 0;         // room for
  std::uint32_t remembered = 0;    // flows that have a word
  std::uint64_t unremembered = 0;  // packets of flows that found no room among them
  std::string reload_error;        // of the newest file, which is then not in use
  std::vector<Port> ports;
  std::vector<ServiceStatus> services;
  std::vector<Drop> drops;
  bool operator==(const Status&) const = default;
};

struct Backend {
  std::string service;
  IpAddress address;
  std::string state;
  std::uint32_t weight = 0;
  std::uint64_t flows = 0;  // that were given to it
  std::uint64_t packets = 0;
  double rate = 0;    // new flows a second
  double share = 0;   // of the ring's slots, 0 to 1
  double served = 0;  // of the service's new flows
  std::string why;
  bool operator==(const Backend&) const = default;
};
struct Backends {
  std::vector<Backend> items;
  bool operator==(const Backends&) const = default;
};

// Remembered flows of one server.
struct FlowCount {
  std::string service;
  IpAddress address;
  std::uint64_t one_packet = 0, established = 0, datagrams = 0, ending = 0;
  bool operator==(const FlowCount&) const = default;
};
struct Flows {
  std::uint64_t room = 0;
  std::uint64_t taken = 0;
  std::vector<FlowCount> items;
  bool operator==(const Flows&) const = default;
};

struct Line {
  std::string look;
  std::string found;
  std::string why;
  bool operator==(const Line&) const = default;
};
struct Why {
  std::string packet;
  std::string verdict;
  std::string server;  // TO_BACKEND
  std::string service;
  std::vector<Line> lines;
  bool operator==(const Why&) const = default;
};

struct Stage {
  std::string name;
  std::uint64_t packets = 0;
  std::uint64_t cycles = 0;
  bool operator==(const Stage&) const = default;
};
struct Pipeline {
  std::string engine;
  std::vector<Stage> stages;
  std::vector<Drop> drops;
  bool operator==(const Pipeline&) const = default;
};

struct Event {
  std::uint64_t seq = 0;  // counts up; a daemon that starts begins anew
  WallTime at{};
  std::string what;
  std::string object;
  std::string why;
  bool operator==(const Event&) const = default;
};
struct Events {
  std::vector<Event> items;  // the oldest first
  bool operator==(const Events&) const = default;
};

// What happened behind `seq`, which is then the newest: all, where the daemon has begun anew.
inline Events behind(Events all, std::uint64_t& seq) {
  const std::uint64_t newest = all.items.empty() ? 0 : all.items.back().seq;
  if (newest >= seq) std::erase_if(all.items, [&](const Event& one) { return one.seq <= seq; });
  seq = newest;
  return all;
}

}  // namespace fairlead::lb::api
