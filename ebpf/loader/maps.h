// SPDX-License-Identifier: Apache-2.0
// Rows between a TableImage and BPF maps. A run of changes to one table goes in
// one system call; the order between tables is the patch's. Between the last row
// that stops naming a slot and the clearing of that slot it waits for every
// packet that may still read it.
#pragma once

#include <functional>

#include "base/result.h"
#include "dataplane/model/table_image.h"

namespace fairlead::ebpf {

using MapOf = std::function<int(model::TableId)>;  // the map's descriptor

// Returns when no packet still works with what it found before.
Result<> wait_for_readers();

Result<> apply_patch(const model::TablePatch& patch, const MapOf& map_of);
Result<model::TableImage> read_image(const MapOf& map_of);

}  // namespace fairlead::ebpf
