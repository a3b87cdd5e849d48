// SPDX-License-Identifier: Apache-2.0
// Facts: everything the store says, as the values that decisions are made on:
// the Snapshot, the leases, the events. Filled by listing and kept by watching,
// through the same function; nothing is ever put here that the store has not
// made durable.
#pragma once

#include <optional>
#include <string>

#include "control/catalog/snapshot.h"
#include "control/server/state/event_log.h"
#include "control/store/store.h"
#include "ipam/leases.h"

namespace fairlead::server {

struct Facts {
  std::string cluster_id;
  Snapshot snapshot;
  ipam::Leases leases;
  EventLog events;
  Revision objects;  // the newest that changed an object: who follows objects is told of no later one

  Result<> apply(const store::WatchEvent& change);

 private:
  Result<> apply_network(const store::WatchEvent& change);
};

std::optional<Object> stored(const Snapshot& snapshot, const plan::ObjectKey& key);

// The cluster's name, its seed, the default namespace and the default network,
// made once: written on the first start, read on every other. A store from
// before networks were objects gets its network. `wanted_id` empty takes what
// is there, or makes one.
struct FirstFacts {
  std::string wanted_id;
  std::string fresh_id;  // when none is stored and none is wanted
  std::uint64_t fresh_seed = 0;
  std::string namespace_uid;  // of the default namespace
  std::string network_uid;    // of the default network
  WallTime now{};
};
Result<> write_first_facts(store::Store& store, const FirstFacts& first);

Result<Facts> load_facts(store::Store& store);

}  // namespace fairlead::server
