// SPDX-License-Identifier: Apache-2.0
// Quarantine: the last line of the story of a pod or service says that its
// addresses, which rested, are given again. Whose they were is read in the
// stored events: a lease knows only a uid, of which nothing else is left.
#pragma once

#include <vector>

#include "control/server/state/event_log.h"
#include "ipam/leases.h"

namespace fairlead::server {

// The addresses that these writes free, as the leases before them have it: one event for each
// owner of whom the log still knows.
std::vector<Note> released(const std::vector<plan::Unit>& units, const ipam::Leases& before,
                           const EventLog& events);

}  // namespace fairlead::server
