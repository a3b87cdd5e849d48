// SPDX-License-Identifier: Apache-2.0
// Quarantine: whose the resting addresses were, so that the last line of a
// pod's story can say that they are given again. In memory and bounded: after
// a restart of control the addresses rest as before, only their names are lost.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/catalog/snapshot.h"
#include "ipam/leases.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

class Quarantine {
 public:
  static constexpr std::size_t kMost = 4096;

  // What these writes take away, as the snapshot before them has it.
  void begin(const std::vector<plan::Unit>& units, const Snapshot& before);
  // The addresses that these writes free, as the leases before them have it: one event for each owner.
  std::vector<plan::Event> end(const std::vector<plan::Unit>& units, const ipam::Leases& before);

 private:
  std::map<std::string, plan::ObjectKey> owners_;  // by uid
};

}  // namespace fairlead::server
