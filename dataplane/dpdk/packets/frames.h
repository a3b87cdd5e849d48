// SPDX-License-Identifier: Apache-2.0
// Between DPDK's mbufs and the steps' frames. A packet in several segments is made
// one where its first has the room; else its headers must stand in the first one.
// A VLAN tag that a driver took out of the frame is put back.
#pragma once

#include <span>

#include "dataplane/dpdk/burst.h"

struct rte_mbuf;

namespace fairlead::dpdk {

// The frame of an mbuf that was received; `link` and `may_lack_sums` are the caller's. A tag for which there
// is no room before the frame stays lost: false, and the packet must not go on.
bool open_frame(rte_mbuf* buffer, Frame& frame);

// What the steps made of it, written back to its mbuf.
void close_frame(const Frame& frame);

// Those of a burst, by one call: one a packet costs as much as what it does. The frames of `buffers` are
// appended to the burst, with `as` what is the caller's; those that have none are moved to the front of
// `buffers`: how many.
std::size_t open_frames(std::span<rte_mbuf*> buffers, Burst& burst, const Frame& as);
void close_frames(const Burst& burst);

}  // namespace fairlead::dpdk
