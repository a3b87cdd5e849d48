/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The tables, once. BPF maps, the loader, lower(), diff() and the reference
 * are made from these lists.
 *
 * FWD_TABLES is in publish order: additions and changes go down the list,
 * removals go up, so that every prefix of a patch is safe: a ring exists
 * before the service that names it, a VIP is an endpoint only when its ports
 * are there, and a link speaks last of all.
 *
 * X(name, engine, key, value, capacity)
 *   HASH   exact match                LPM   longest prefix
 *   ARRAY  index; absent means zero, deleting a row writes zeros; memory-mapped
 */
#ifndef FAIRLEAD_FWD_TABLES_H
#define FAIRLEAD_FWD_TABLES_H

#include "dataplane/fwd/abi.h"
#include "dataplane/fwd/edge/rows.h"

#define FWD_TABLES(X)                                                      \
  X(config, ARRAY, __u32, struct fwd_config, 1)                            \
  X(networks, HASH, struct fwd_vni_key, struct fwd_network, 1024)          \
  X(vteps, ARRAY, __u32, struct fwd_vtep, 4096)                            \
  X(vtep_numbers, HASH, struct fwd_addr, struct fwd_vtep_number, 4096)     \
  X(routes, LPM, struct fwd_route_key, struct fwd_route, 4096)             \
  X(backends, ARRAY, __u32, struct fwd_backend, 65536)                     \
  X(rings, ARRAY, __u32, struct fwd_ring_slot, 1048576)                    \
  X(services, HASH, struct fwd_service_key, struct fwd_service, 65536)     \
  X(targets, HASH, struct fwd_target_key, struct fwd_target, 16384)        \
  X(endpoints, HASH, struct fwd_endpoint_key, struct fwd_endpoint, 262144) \
  X(links, HASH, struct fwd_link_key, struct fwd_link, 4096)

/* The edge's, in publish order, too. All are arrays. Change anything here: raise FWD_ABI_VERSION. */
#define FWD_EDGE_TABLES(X)                                                \
  X(edge_config, ARRAY, __u32, struct fwd_edge_config, 1)                 \
  X(edge_limits, ARRAY, __u32, struct fwd_edge_limit, FWD_EDGE_SERVICES)  \
  X(edge_owners, ARRAY, __u32, struct fwd_edge_owner, FWD_EDGE_SERVERS)   \
  X(edge_servers, ARRAY, __u32, struct fwd_edge_server, FWD_EDGE_SERVERS) \
  X(edge_rings, ARRAY, __u32, struct fwd_edge_slots, 2097152)             \
  X(edge_ranges, ARRAY, __u32, struct fwd_edge_range, 4096)               \
  X(edge_vips, ARRAY, __u32, struct fwd_edge_vips, 16384)

/* Written by the programs themselves. */
#define FWD_FLOW_CAPACITY 262144
#define FWD_PATH_CAPACITY 4096     /* as vteps */
#define FWD_FRAGMENT_CAPACITY 4096 /* datagrams under way in pieces */
#define FWD_EDGE_SERVERS 65536

/* What an edge's packets write: arrays, too, shared by all cores. X(name, element, capacity)
 * The first is sized by its daemon (flow_mask). It outlives another version of the tables, and edge_owners
 * with it: change anything of these, or of how a flow is hashed, and raise FWD_EDGE_STATE_VERSION. */
#define FWD_EDGE_STATE_VERSION 2
#define FWD_EDGE_STATE(X)                                              \
  X(edge_flows, struct fwd_edge_bucket, 262144)                        \
  X(edge_datagrams, struct fwd_edge_bucket, FWD_EDGE_DATAGRAM_BUCKETS) \
  X(edge_debts, __u64, FWD_EDGE_DEBTS)                                 \
  X(edge_sources, struct fwd_edge_bucket, FWD_EDGE_SOURCE_BUCKETS)     \
  X(edge_nat, struct fwd_edge_nat, 2 * FWD_EDGE_NAT_PORTS)             \
  X(edge_unremembered, __u64, FWD_EDGE_UNREMEMBERED)
#define FWD_EDGE_UNREMEMBERED 8                /* a line; the first counts packets of flows that found no room */
#define FWD_EDGE_DATAGRAM_BUCKETS 1024         /* 8 under way in pieces each */
#define FWD_EDGE_DEBTS (2 * FWD_EDGE_SERVICES) /* of what begins, and of what goes on unknown */
#define FWD_EDGE_SOURCE_BUCKETS 8192           /* 8 prefixes that send new flows each */

#endif
