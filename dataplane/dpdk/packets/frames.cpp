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

bool make_plain(rte_mbuf* buffer) {
  if (!put_tag_back(buffer)) return false;
  if (buffer->nb_segs > 1) (void)rte_pktmbuf_linearize(buffer);
  return true;
}

void drop_segments_behind_first(rte_mbuf* buffer) {
  rte_pktmbuf_free(buffer->next);
  buffer->next = nullptr;
  buffer->nb_segs = 1;
}

}  // namespace fairlead::dpdk
