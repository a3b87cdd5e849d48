// SPDX-License-Identifier: Apache-2.0
// What a node keeps of the cluster, counted by the allocator: the snapshot, the
// forwarding state compiled from it, and the rows lowered from that, as the
// agent holds them between two changes.
#pragma once

namespace fairlead::bench {

// Bytes for each further remote pod (an endpoint in each family).
double bytes_per_remote_pod(int pods);
// Bytes for each further service with one port and `backends` ready pods that exist anyway.
double bytes_per_service(int services, int backends);

}  // namespace fairlead::bench
