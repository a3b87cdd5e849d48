/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The rows of every dataplane table, byte by byte. lower() writes them, the
 * BPF programs, DPDK and the tests' reference read them. C that clang -target
 * bpf and C++ both take. Fields ending in _be are in network order; all
 * others in the machine's. Every key begins with the network's index, because
 * overlapping address ranges are normal; addresses are 16 bytes, IPv4 as
 * ::ffff:a.b.c.d. No row has hidden padding: lower() compares bytes.
 *
 * Change anything here: raise FWD_ABI_VERSION (pins stand below vN).
 */
#ifndef FAIRLEAD_FWD_ABI_H
#define FAIRLEAD_FWD_ABI_H

#include <linux/types.h>

#define FWD_ABI_VERSION 5

/* Bytes of the outer headers in front of a pod's IP packet (way/tunnel.h). */
#define FWD_OUTER_IPV4 50U
#define FWD_OUTER_IPV6 70U

struct fwd_addr {
  __be32 w[4];
};

/* config[0]: what this node is. Written at start, changed by restart only. */
struct fwd_config {
  __u64 cluster_seed;   /* ring choice and outer source port: the same on all nodes */
  __u64 node_seed;      /* table placement: this node's own */
  struct fwd_addr vtep; /* own underlay address */
  __u32 uplink_ifindex;
  __u32 vtep_number; /* own row in vteps */
  __be16 vxlan_port_be;
  __be16 control_port_be; /* pods never reach it on a node's address nor on the control plane's */
  __u8 gateway_mac[6];    /* what every pod believes its gateway to be */
  __u16 flags;
  __u32 host_net;        /* network of the node's own endpoint; 0: it has none */
  struct fwd_addr host4; /* its addresses, from which the node itself speaks to pods */
  struct fwd_addr host6;
};
#define FWD_CONFIG_NATIVE 1U /* some network is native: packets from the uplink may be its pods' */

/* networks: VNI on the wire -> network. */
#define FWD_NETWORK_NATIVE 1U /* goes from node to node as it is, without an outer header */
struct fwd_vni_key {
  __u32 vni;
};
struct fwd_network {
  __u32 net;
  __u32 mtu; /* bytes of an IP packet of its pods; 0: any */
  __u32 flags;
};

/* vteps[number] and vtep_numbers{address}: the nodes. */
#define FWD_VTEP_VALID 1U
#define FWD_VTEP_FAIRLEAD 2U /* understands our header hints; else a plain VXLAN peer */
struct fwd_vtep {
  struct fwd_addr addr;
  __u32 flags;
  __u32 mtu; /* bytes of an IP packet on the way there, outer header included; 0: any */
};
#define FWD_VTEP_OUTSIDE 0xffffffffU /* no node: a client of the world, straight by the uplink */
struct fwd_vtep_number {
  __u32 number;
  __u32 flags; /* as in its row of vteps */
};

/* routes: longest prefix. prefixlen counts the 32 bits of net: 32 + 0..128. */
struct fwd_route_key {
  __u32 prefixlen;
  __be32 net_be; /* network order: the trie compares bits from the first byte */
  struct fwd_addr addr;
};
#define FWD_ROUTE_CLUSTER 1U /* an address of the network: without an endpoint it is nowhere */
#define FWD_ROUTE_CONTROL 2U /* the control plane, outside the network: pods never reach its port */
#define FWD_ROUTE_NATIVE 3U  /* under net 0, the underlay's: an address of the native network `net` */
struct fwd_route {
  __u32 kind;
  __u32 net;
};

/* links{ifindex}: the host side of a pod's veth, or of the host endpoint. */
#define FWD_LINK_HOST 1U   /* the node itself: may also carry sources from outside the network */
#define FWD_LINK_NATIVE 2U /* of a native network */
struct fwd_link_key {
  __u32 ifindex;
};
struct fwd_link {
  __u32 net;
  __u32 vni;
  __u32 identity;
  __u32 mtu;   /* bytes of an IP packet that it may send; 0: any */
  __u32 epoch; /* of its own addresses; 0: unknown */
  __u16 flags;
  __u8 mac[6];           /* of the pod's end: the only source MAC it may use */
  struct fwd_addr addr4; /* the only sources it may use; all zero: none */
  struct fwd_addr addr6;
  struct fwd_addr extra4; /* of the host endpoint: the node's DNS address */
  struct fwd_addr extra6;
};

/* endpoints{net, address}: pods and host endpoints everywhere, and VIPs. */
#define FWD_ENDPOINT_LOCAL 1U /* ifindex and mac are valid */
#define FWD_ENDPOINT_HOST 2U  /* with LOCAL: ifindex is in the node's own namespace */
#define FWD_ENDPOINT_VIP 4U   /* a service's address: see services */
struct fwd_endpoint_key {
  __u32 net;
  struct fwd_addr addr;
};
struct fwd_endpoint {
  __u32 vtep; /* number of the node it is on */
  __u32 ifindex;
  __u32 identity;
  __u32 epoch;
  __u16 flags;
  __u8 mac[6];
};

/* services{net, VIP, port, protocol} -> a slice of rings. */
struct fwd_service_key {
  __u32 net;
  struct fwd_addr vip;
  __be16 port_be;
  __u8 proto;
  __u8 zero;
};
struct fwd_service {
  __u32 ring_offset;
  __u32 ring_size; /* 0: no backend */
  __u32 generation;
  __u32 flags;
};

/* targets{net, VIP, port, protocol, MAC} -> where at the pod of that MAC: what the world may ask by an edge,
 * whose choice of a pod is the inner MAC. */
struct fwd_target_key {
  __u32 net;
  struct fwd_addr vip;
  __be16 port_be;
  __u8 proto;
  __u8 zero;
  __u8 mac[6];
  __u8 zero2[2];
};
struct fwd_target {
  struct fwd_addr addr;
  __be16 port_be;
  __u16 zero[3];
};

/* rings[ring_offset + slot] -> backends[index]. Live slices are never
 * rewritten: a changed ring gets a new slice, then the service row moves. */
struct fwd_ring_slot {
  __u32 backend;
};
struct fwd_backend {
  struct fwd_addr addr;
  __be16 port_be;
  __u16 flags;
  __u32 generation;
};

/* flows{5-tuple as the packet carries it} -> what the packet becomes. Both
 * directions are made together; the programs write this table, lower() never. */
struct fwd_flow_key {
  __u32 net;
  __u8 proto;
  __u8 zero[3];
  struct fwd_addr src;
  struct fwd_addr dst;
  __be16 sport_be;
  __be16 dport_be;
};
#define FWD_FLOW_REWRITE 1U /* src, dst, sport, dport differ from the key's */
#define FWD_FLOW_SYN 2U     /* TCP flags seen in this direction */
#define FWD_FLOW_FIN 4U
#define FWD_FLOW_RST 8U
#define FWD_FLOW_SEEN 16U   /* a packet went in this direction */
#define FWD_FLOW_ORIGIN 32U /* this direction opened the flow */
struct fwd_flow {
  struct fwd_addr src;
  struct fwd_addr dst;
  __be16 sport_be;
  __be16 dport_be;
  __u32 seen;   /* fwd_now() of the last packet, seconds */
  __u32 vtep;   /* answers go there while the endpoint is not yet known; 0: unknown; FWD_VTEP_OUTSIDE */
  __u32 epoch;  /* of the destination's endpoint when the flow was made */
  __u32 policy; /* revision of the policy that admitted it */
  __u32 flags;
  __u32 zero;
};

/* fragments{datagram} -> what its first fragment became, for the later ones, which
 * have no ports. The programs write this table; it gives up its oldest rows. */
struct fwd_fragment_key {
  __u32 net;
  __u32 id; /* as in the header; IPv4: 16 bits of it */
  struct fwd_addr src;
  struct fwd_addr dst;
  __u32 proto; /* IPv6: 0, for its later fragments may not tell (RFC 8200, 4.5) */
};
struct fwd_fragment {
  struct fwd_addr src;
  struct fwd_addr dst;
  __u32 seen;  /* fwd_now() of the first fragment, seconds */
  __u32 vtep;  /* as in its flow */
  __u32 epoch; /* as in its flow */
  __u32 zero;
};

/* paths[number of a node]: what a router on the way there has said takes no more. The
 * programs write this table. */
struct fwd_path {
  __u32 mtu;  /* 0: nothing */
  __u32 seen; /* fwd_now() of the newest such error */
};

/* last_drops[verdict], one per CPU: the newest packet that ended so, as it was
 * then: behind translation when that came first. */
struct fwd_last_drop {
  __u64 time; /* nanoseconds of the clock that never goes back; 0: none */
  __u32 net;
  __be16 sport_be; /* 0 with dport_be: no ports */
  __be16 dport_be;
  struct fwd_addr src;
  struct fwd_addr dst;
  __u8 family; /* 4 or 6; 0: not parsed */
  __u8 proto;
  __u8 zero[6];
};

/* counters[verdict], one per CPU. */
struct fwd_counter {
  __u64 packets;
  __u64 bytes;
};

#endif
