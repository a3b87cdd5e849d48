/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The rows of the edge's tables, byte by byte, for traffic from outside to a
 * service's virtual address (fairlead-lb, by XDP or DPDK). As abi.h, which see:
 * fields ending in _be are in network order, addresses are 16 bytes, no hidden
 * padding. Every table is an array in memory that the daemon and the engine
 * share, and a row changes by 8-byte stores, from its last word to its first
 * (removal: from the first on): its first word says that it is there.
 *
 * A packet of a known service reads a line of 64 bytes of vips, one of rings
 * and two of servers; one of flows where its ring has changed, or where the
 * service asks for every flow to be remembered.
 */
#ifndef FAIRLEAD_FWD_EDGE_ROWS_H
#define FAIRLEAD_FWD_EDGE_ROWS_H

#include "dataplane/fwd/abi.h"

/* edge_config[0] */
struct fwd_edge_config {
  __u64 seed;           /* of the flows' hash: the same on all edges that share addresses, and secret */
  struct fwd_addr own4; /* sources of tunnels; all zero: none of that family */
  struct fwd_addr own6;
  __u32 vip_mask;  /* pairs of vips in use, a power of two, less one */
  __u32 flow_mask; /* buckets of flows, a power of two, less one */
  __be16 vxlan_port_be;
  __be16 gue_port_be;
  __u8 gateway_mac[6]; /* what pods believe their gateway to be */
  __u8 nat;            /* some server is reached so: packets for own4 and own6 may be answers */
  __u8 zero[5];
};

/* edge_limits[service]: what a new flow costs, and what debt is too much (flow/limit.h). */
#define FWD_EDGE_SERVICES 65536 /* limited ones are numbered below it */
#define FWD_DEBT_SHIFT 20       /* debts of services are in 2^-20 beats, */
#define FWD_SOURCE_SHIFT 10     /* of sources in 2^-10 */
struct fwd_edge_limit {
  __u64 cost; /* 0: no limit */
  __u64 burst;
  __u32 source_cost; /* 0: no limit */
  __u32 source_burst;
  __u64 mask6;  /* of an address's first half */
  __be32 mask4; /* who is one source */
  __u32 zero;
};

/* edge_vips, in pairs: a row stands in one of the two pairs that its hash names.
 * Kinds of rows, by {address, port, protocol}:
 *   a service's port     the address's port 80 of TCP
 *   ports of a service   port 0: a slice of ranges (any port is one range); or the one service that has
 *                        the address and protocol, which its fragments ask for (ADDRESSES)
 *   the address          port 0, protocol 0: it is a service's, whatever the packet */
#define FWD_VIP_RANGES 1U     /* `ring` is a slice of ranges */
#define FWD_VIP_ADDRESS 2U    /* no service: an address of ours */
#define FWD_VIP_SOURCE 4U     /* the ring is asked by the source address alone (affinity) */
#define FWD_VIP_ADDRESSES 8U  /* by source and destination, so that fragments need no memory */
#define FWD_VIP_ALL_FLOWS 16U /* every flow is remembered, not those of changed slots alone */
#define FWD_VIP_LIMITED 32U   /* edge_limits says how many new flows a second; with ALL_FLOWS */
struct fwd_edge_ring {
  __u32 offset; /* never 0, in a row that is there; of slots even */
  __u32 size;   /* slots; 0: no backend */
};
struct fwd_edge_vip {
  struct fwd_edge_ring ring;
  __u32 service;
  __be16 port_be;
  __u8 proto;
  __u8 flags;
  struct fwd_addr addr;
};
struct fwd_edge_vips {
  struct fwd_edge_vip row[2];
};

/* edge_ranges[ring.offset + 0 ...]: ports first..last of a service. */
#define FWD_MAX_RANGES 32 /* of one address and protocol */
struct fwd_edge_range {
  struct fwd_edge_ring ring;
  __u32 service;
  __u16 first;
  __u16 last;
  __u32 flags; /* as of vips */
  __u32 zero;
};

/* edge_rings[(ring.offset + slot) / 2]: who takes what is new, and who took what began before the slot
 * changed hands (0: it has not, for so long that nothing of before can live). */
struct fwd_edge_slot {
  __u16 now;
  __u16 before;
};
struct fwd_edge_slots { /* a row: slots 2n and 2n + 1 */
  struct fwd_edge_slot slot[2];
};

/* edge_servers[number]: one backend of one service, and the way to it. 0 is nobody. */
#define FWD_DELIVER_VXLAN 1U      /* to a node of the cluster; the inner MAC names the pod */
#define FWD_DELIVER_L2 2U         /* as it is, to the server's MAC: it holds the address itself */
#define FWD_DELIVER_IPIP 3U       /* IP in IP (RFC 2003, 2473) */
#define FWD_DELIVER_GUE 4U        /* IP in UDP, as the kernel's fou takes it (GUE, variant 0) */
#define FWD_DELIVER_NAT 5U        /* addressed anew, from an address and port of the edge, and back by it */
#define FWD_LINK_HERE 0xffffffffU /* `link`: this machine's kernel takes the frame */
#define FWD_SERVER_LIVE 1U        /* flows that it has go on */
#define FWD_SERVER_NO_NEW 2U      /* drained: datagrams, which have no end, move on */
#define FWD_SERVER_GAVE 4U        /* VXLAN: gave slots away, not long ago: others may have what comes to it */
#define FWD_FRONT_BYTES 84        /* Ethernet, IPv6, UDP, VXLAN and Ethernet again: none is longer */
struct fwd_edge_server {
  __u32 service;
  __u16 flags;
  __u8 delivery;
  __u8 outer;                  /* bytes of `front` behind its Ethernet header */
  __u8 front[FWD_FRONT_BYTES]; /* headers of frames to it (way/ready.h) */
  struct fwd_addr to;          /* the tunnel's other end; L2, NAT: the server */
  __u32
      link; /* the engine's number of the port that frames to it leave by; 0: the one they came by; or here */
  __u32 vni;
  __u16 mtu;      /* bytes of an IP packet of the client; 0: any */
  __be16 port_be; /* NAT: the server's; 0: the packet's own */
  __u32 zero[2];
};

/* edge_owners[number of a server]: who it is. It stands as long as its row of edge_servers and never changes;
 * no packet reads it. With what packets write it outlives a change of the other tables, and the daemon
 * behind that gives each server the number that flows know it by. */
struct fwd_edge_owner {
  __u32 service;
  __u32 vni;
  struct fwd_addr to;
  __u8 inner_mac[6];
  __u8 delivery;
  __u8 zero1;
  __be16 port_be;
  __u8 zero2[6];
};

/* edge_flows: buckets of one cache line. Each word is one flow, or 0:
 *
 *     tag 32 | server 16 | tick 13 | spilled 1 | state 2
 *
 * The tag is 32 bits of the flow's hash that do not choose the bucket, so a flow
 * is taken for another one with probability 8 / 2^32 for each bucket it looks
 * into (and then goes to a living backend of the same service: the server's row
 * says whose it is). 8 bytes a flow; 10.7 with a quarter of the table empty.
 * `spilled`, in the first word of a bucket: some of its flows stand in their
 * second bucket. Time comes in beats of 4 ms, the finest that every machine has for little; 1024 are a
 * tick, and ticks come around after 9.3 hours. */
#define FWD_BEATS_PER_SECOND 250
#define FWD_TICK_SHIFT 10
#define FWD_BUCKET_FLOWS 8
struct fwd_edge_bucket {
  __u64 flow[FWD_BUCKET_FLOWS];
};
#define FWD_FLOW_TICKS 0x1fffU
enum fwd_edge_state {
  FWD_EDGE_NEW = 0,  /* one packet was seen: room is made at its cost */
  FWD_EDGE_TCP = 1,  /* more were */
  FWD_EDGE_UDP = 2,  /* more datagrams were */
  FWD_EDGE_ENDS = 3, /* FIN or RST came */
};

/* edge_nat: the ports of the edge's own, of TCP and then of UDP (nat/row.h). `held` is a word as the flow
 * table's, whose tag counts how often the port was given away. Its server 0: free. */
struct fwd_edge_nat {
  __u64 held;
  struct fwd_addr vip; /* side by side, as in the answer */
  struct fwd_addr client;
  __be16 vport_be;
  __be16 cport_be;
  __u32 link;    /* that the client's first packet came by, */
  __u8 macs[12]; /* and its Ethernet addresses: to, from */
  __u32 zero;
};
#define FWD_EDGE_NAT_PORTS 32768U /* a power of two; those below 1024 are not used */

/* edge_served[number of a server], one per CPU: what it was sent. */
struct fwd_edge_served {
  __u64 packets;
  __u64 bytes;
  __u64 flows; /* that were given to it, as far as they were told apart */
};

#endif
