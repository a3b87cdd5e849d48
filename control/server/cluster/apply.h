// SPDX-License-Identifier: Apache-2.0
// What a user's documents mean for the stored objects: intend() turns them
// into one Unit that is written whole or not at all, and preview() adds what
// control will do next, by the same pure functions that will do it. Users may
// apply Networks, Namespaces and Jobs; Pods, Nodes and Services are made by others, and
// a document that equals the stored one changes nothing.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "control/proto/convert.h"
#include "control/server/state/event_log.h"
#include "ipam/leases.h"
#include "orchestrator/plan/writes.h"
#include "orchestrator/reconciler/reconcile.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::server {

using Errors = std::vector<Error>;

template <class T>
using Checked = std::expected<T, Errors>;

inline constexpr std::size_t kMaxApplied = 90;  // objects in one apply: one transaction

struct ApplyContext {
  Revision expect;  // nothing named may be newer; 0 expects nothing
  std::string by;   // "uid 0"
  WallTime now{};
  std::function<std::string()> uid;
};

struct Intent {
  plan::Unit unit;
  std::vector<Note> notes;
  std::vector<proto::Change> changes;
  std::vector<plan::ObjectKey> touched;  // jobs that are put or erased
};

Checked<Intent> intend(const Snapshot& snapshot, const ipam::Leases& leases,
                       const std::vector<spec::Parsed>& documents, const ApplyContext& context);

// DELETE of one object. A job's pods and service follow by reconcile().
Result<Intent> intend_removal(const Snapshot& snapshot, const ipam::Leases& leases,
                              const plan::ObjectKey& key, const ApplyContext& context);

void preview(Intent& intent, const Snapshot& snapshot, const ipam::Leases& leases,
             const reconciler::Rules& rules, WallTime now);

}  // namespace fairlead::server
