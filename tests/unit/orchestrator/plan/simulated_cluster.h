// SPDX-License-Identifier: Apache-2.0
// A cluster as values: a store that commits Units, agents that move their
// pods' phases, nodes that fall silent and come back, users who edit jobs.
// Every commit is checked against the promises of the house. One seed, one
// history.
#pragma once

#include <map>
#include <random>
#include <string>

#include "ipam/leases.h"
#include "orchestrator/plan/verify.h"

namespace fairlead::plan {

class SimulatedCluster {
 public:
  explicit SimulatedCluster(unsigned seed);

  void disturb();      // one random thing that users, agents or nodes do
  void decide();       // reconcile, place, verify, commit; sometimes on facts that grow old meanwhile
  void settle();       // no more disturbances: agents and control until nothing changes
  void check() const;  // addresses, capacity, ledger

  const Snapshot& facts() const { return facts_; }
  const ipam::Leases& leases() const { return leases_; }
  WallTime now() const { return now_; }
  std::uint64_t refused = 0, placed = 0, commits = 0, conflicts = 0;

 private:
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  bool commit(const Unit& unit);
  bool holds(const Unit& unit) const;
  void write(Object object);  // as a user or an agent does: a revision of its own
  bool commit_all(const Writes& writes);
  void edit_job();
  void agent_step();
  bool advance(const Pod& pod);
  void node_event();
  void acknowledge();

  std::mt19937 random_;
  Snapshot facts_;
  ipam::Leases leases_;
  WallTime now_;
  std::map<std::string, Revision> acknowledged_;
};

}  // namespace fairlead::plan
