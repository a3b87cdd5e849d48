// SPDX-License-Identifier: Apache-2.0
// The steps, each some stages of dataplane/fwd/edge over a whole burst, which fetches
// the lines that the next one reads:
//
//   service -> (slot, or bucket) -> ring -> (server, bucket) -> deliver
//
// There are no more of them than there are lines to wait for: what a stage knows of a packet is at hand for
// the next one, and is not written down in between (docs/adr/0036).
//
// A burst gives the same bytes and the same tables as its packets would one by one: service and ring read
// nothing that packets write; deliver goes packet by packet, in their order, and is all that reads or writes
// flows, datagrams, debts and edge_nat. So a packet finds what those before it left, whichever burst they
// came in.
#pragma once

#include "dataplane/dpdk/burst.h"

namespace fairlead::dpdk {

// How many packets came to it.
std::size_t step_service(Worker& worker, Burst& burst);
std::size_t step_ring(Worker& worker, Burst& burst);
std::size_t step_deliver(Worker& worker, Burst& burst);

// What the kernel sends, one by one: a probe of this machine is written as a client's packet to the server
// that it is about, to leave by `link` (0: by its device). Nothing else is changed.
enum class Probed : std::uint8_t { none, sent, refused };
Probed step_probe(Worker& worker, Frame& frame, std::uint32_t& link);

}  // namespace fairlead::dpdk
