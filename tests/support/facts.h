// SPDX-License-Identifier: Apache-2.0
// Facts for tests of pure cores: a node, a job, a pod with sensible values,
// so that a test names only what it is about.
#pragma once

#include <string>

#include "control/catalog/snapshot.h"

namespace fairlead::facts {

inline constexpr WallTime kNoon{Millis{1'700'000'000'000}};

Node node(const std::string& name, std::uint16_t number = 1);  // 4 cores, 8 GiB, 100 pods, ready
Job job(const std::string& name, std::uint32_t replicas);  // container "main", ports http 8080 and dns 53/udp
Job exposed(Job job);                                      // port 80 -> http, 53 -> dns
Pod pod(const std::string& name, const Job& job, const std::string& node, PodPhase phase = PodPhase::ready);
Snapshot snapshot(std::uint64_t revision, std::uint16_t nodes);  // default network, nodes n1, n2, ...
IpAddress ip(const char* text);

}  // namespace fairlead::facts
