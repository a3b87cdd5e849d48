/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * A probe of the edge's own: a packet to a service's address, from a socket of
 * this machine whose mark names the server, goes there in the very headers that
 * clients' packets get. Nobody chooses, nothing is remembered or counted.
 */
#ifndef FAIRLEAD_FWD_EDGE_PROBE_H
#define FAIRLEAD_FWD_EDGE_PROBE_H

#include "dataplane/fwd/edge/way/deliver.h"

/* FWD_TO_BACKEND, written, to leave by `e->link`; or why not. Of a server that is reached by NAT nobody
 * would translate the answer back to this machine: it is asked by its own address. */
FWD_INLINE int fwd_edge_probe(struct fwd_machine* m, struct fwd_edge* e, __u32 server) {
  const struct fwd_edge_config* config = fwd_find_edge_config(m, 0);
  const struct fwd_edge_server* to = fwd_find_edge_servers(m, server);
  e->is_error = 0;
  e->answer = 0;
  e->server = server;
  if (!config || !to || !(to->flags & FWD_SERVER_LIVE) || to->delivery == FWD_DELIVER_NAT)
    return FWD_NO_BACKEND;
  __be16 type_be;
  if (fwd_load(m, 12, &type_be, sizeof type_be)) return FWD_TRUNCATED;
  e->ethertype = fwd_swap16(type_be);
  e->l3 = FWD_ETH_LENGTH;
  const int bad = fwd_parse_at(m, &e->pkt, e->l3, e->ethertype);
  if (bad) return bad;
  e->hash = fwd_edge_hash(&e->pkt, config->seed, 0);
  e->ring.size = 0; /* nobody else may have it: it is about this server */
  return fwd_edge_deliver(m, e, config, to);
}

#endif
