// SPDX-License-Identifier: Apache-2.0
// Between DPDK's mbufs and the steps' frames. A packet in several segments is made
// one where its first has the room; else its headers must stand in the first one.
// A VLAN tag that a driver took out of the frame is put back.
#pragma once

#include <rte_mbuf.h>

#include "dataplane/dpdk/burst.h"

namespace fairlead::dpdk {

// What few buffers need: false where a tag was taken out for which there is no room before the frame.
bool make_plain(rte_mbuf* buffer);
void drop_segments_behind_first(rte_mbuf* buffer);

// The frame of an mbuf that was received; `link` and `may_lack_sums` are the caller's. A tag for which there
// is no room before the frame stays lost: false, and the packet must not go on.
inline bool open_frame(rte_mbuf* buffer, Frame& frame) {
  const bool tag_is_out = (buffer->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
  if ((tag_is_out || buffer->nb_segs > 1) && !make_plain(buffer)) [[unlikely]]
    return false;
  frame.at = rte_pktmbuf_mtod(buffer, unsigned char*);
  frame.head = rte_pktmbuf_data_len(buffer);
  frame.length = frame.bytes = rte_pktmbuf_pkt_len(buffer);
  frame.room = rte_pktmbuf_headroom(buffer);
  frame.buffer = buffer;
  return true;
}

// What the steps made of it, written back to its mbuf.
inline void close_frame(const Frame& frame) {
  auto* const buffer = static_cast<rte_mbuf*>(frame.buffer);
  if (buffer->nb_segs > 1 && frame.head == frame.length) [[unlikely]]
    drop_segments_behind_first(buffer);
  buffer->data_off = static_cast<std::uint16_t>(frame.room);
  buffer->data_len = static_cast<std::uint16_t>(frame.head);
  buffer->pkt_len = frame.length;
}

}  // namespace fairlead::dpdk
