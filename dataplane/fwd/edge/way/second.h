/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Whom a node may hand a connection on to that it does not know (flow/second_chance.h): where it goes to the
 * owner of before of a slot that has changed hands, the owner of now. The inner frame's source MAC names it;
 * else that is the gateway's, as between nodes.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_SECOND_H
#define FAIRLEAD_FWD_EDGE_WAY_SECOND_H

#include "dataplane/fwd/edge/flow/select.h"
#include "dataplane/fwd/edge/way/ready.h"

FWD_RARE const __u8* fwd_edge_second_owner(struct fwd_machine* m, const struct fwd_edge* e,
                                           const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  if (p->proto != FWD_PROTO_TCP || fwd_edge_begins(p) || p->flags & FWD_PKT_FRAGMENT)
    return config->gateway_mac;
  const __u32 at = e->ring.offset + e->at;
  const struct fwd_edge_slots* row = e->ring.size ? fwd_find_edge_rings(m, at >> 1) : 0;
  if (!row) return config->gateway_mac;
  const struct fwd_edge_slot slot = row->slot[at & 1U];
  if (slot.before != e->server || slot.now == slot.before) return config->gateway_mac;
  const struct fwd_edge_server* second = fwd_edge_server_of(m, e, slot.now);
  return second && second->delivery == FWD_DELIVER_VXLAN ? fwd_inner_mac(second) : config->gateway_mac;
}

#endif
