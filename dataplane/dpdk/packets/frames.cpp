// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/packets/frames.h"

#include <rte_ether.h>
#include <rte_mbuf.h>

namespace fairlead::dpdk {
namespace {

bool put_tag_back(rte_mbuf*& buffer) {
  if ((buffer->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0) return true;
  if (rte_vlan_insert(&buffer) != 0) return false;
  buffer->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_TX_VLAN);
  return true;
}

}  // namespace

bool open_frame(rte_mbuf* buffer, Frame& frame) {
  if (!put_tag_back(buffer)) return false;
  if (buffer->nb_segs > 1) (void)rte_pktmbuf_linearize(buffer);
  frame.at = rte_pktmbuf_mtod(buffer, unsigned char*);
  frame.head = rte_pktmbuf_data_len(buffer);
  frame.length = rte_pktmbuf_pkt_len(buffer);
  frame.room = rte_pktmbuf_headroom(buffer);
  frame.buffer = buffer;
  return true;
}

void close_frame(const Frame& frame) {
  auto* const buffer = static_cast<rte_mbuf*>(frame.buffer);
  if (frame.head == frame.length && buffer->nb_segs > 1) {
    rte_pktmbuf_free(buffer->next);
    buffer->next = nullptr;
    buffer->nb_segs = 1;
  }
  buffer->data_off = static_cast<std::uint16_t>(frame.room);
  buffer->data_len = static_cast<std::uint16_t>(frame.head);
  buffer->pkt_len = frame.length;
}

}  // namespace fairlead::dpdk
