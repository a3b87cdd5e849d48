// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/packets/frames.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

namespace fairlead::dpdk {
namespace {

bool put_tag_back(rte_mbuf* buffer) {
  if ((buffer->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0) return true;
  if (rte_vlan_insert(&buffer) != 0) return false;
  buffer->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_TX_VLAN);
  return true;
}

// What few buffers need stands by itself: it is long, and the others would carry its registers.
[[gnu::noinline]] bool make_plain(rte_mbuf* buffer) {
  if (!put_tag_back(buffer)) return false;
  if (buffer->nb_segs > 1) (void)rte_pktmbuf_linearize(buffer);
  return true;
}

[[gnu::noinline]] void drop_segments_behind_first(rte_mbuf* buffer) {
  rte_pktmbuf_free(buffer->next);
  buffer->next = nullptr;
  buffer->nb_segs = 1;
}

inline bool open(rte_mbuf* buffer, Frame& frame) {
  const bool tag_is_out = (buffer->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
  if ((tag_is_out || buffer->nb_segs > 1) && !make_plain(buffer)) return false;
  frame.at = rte_pktmbuf_mtod(buffer, unsigned char*);
  frame.head = rte_pktmbuf_data_len(buffer);
  frame.length = frame.bytes = rte_pktmbuf_pkt_len(buffer);
  frame.room = rte_pktmbuf_headroom(buffer);
  frame.buffer = buffer;
  return true;
}

inline void close(const Frame& frame) {
  auto* const buffer = static_cast<rte_mbuf*>(frame.buffer);
  if (buffer->nb_segs > 1 && frame.head == frame.length) drop_segments_behind_first(buffer);
  buffer->data_off = static_cast<std::uint16_t>(frame.room);
  buffer->data_len = static_cast<std::uint16_t>(frame.head);
  buffer->pkt_len = frame.length;
}

}  // namespace

bool open_frame(rte_mbuf* buffer, Frame& frame) { return open(buffer, frame); }
void close_frame(const Frame& frame) { close(frame); }

std::size_t open_frames(std::span<rte_mbuf*> buffers, Burst& burst, const Frame& as) {
  std::size_t lost = 0;
  for (rte_mbuf* const buffer : buffers) {
    Frame& frame = burst.frames[burst.count];
    frame.link = as.link;
    frame.may_lack_sums = as.may_lack_sums;
    if (open(buffer, frame))
      ++burst.count;
    else
      buffers[lost++] = buffer;
  }
  return lost;
}

void close_frames(const Burst& burst) {
  for (std::size_t i = 0; i < burst.count; ++i) close(burst.frames[i]);
}

}  // namespace fairlead::dpdk
