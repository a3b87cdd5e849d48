// SPDX-License-Identifier: Apache-2.0
// The steps, each a stage of dataplane/fwd/edge over a whole burst, which fetches
// the lines that the next one reads:
//
//   parse -> (pair of vips) -> service -> (slot, bucket) -> ring -> (server, bucket) -> choose -> deliver
//
// A burst gives the same bytes and the same tables as its packets would one by one: parse, service and ring
// read nothing that packets write; choose goes packet by packet, in their order, and is all that writes
// flows, datagrams and debts; deliver, again in order, is all that reads or writes edge_nat. So a packet
// finds what those before it left, whichever burst they came in.
#pragma once

#include "dataplane/dpdk/burst.h"

namespace fairlead::dpdk {

// How many packets came to it.
std::size_t step_parse(Worker& worker, Burst& burst);
std::size_t step_service(Worker& worker, Burst& burst);
std::size_t step_ring(Worker& worker, Burst& burst);
std::size_t step_choose(Worker& worker, Burst& burst);
std::size_t step_deliver(Worker& worker, Burst& burst);

// What the kernel sends, one by one: a probe of this machine is written as a client's packet to the server
// that it is about, to leave by `link` (0: by its device). Nothing else is changed.
enum class Probed : std::uint8_t { none, sent, refused };
Probed step_probe(Worker& worker, Frame& frame, std::uint32_t& link);

}  // namespace fairlead::dpdk
