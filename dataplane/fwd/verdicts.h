/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Every way a packet can leave the pipeline, once: the enum, the counters,
 * `fairlead node drops`, the metric labels and docs come from these lists.
 * Adding a line here is adding a verdict. X(NAME, meaning)
 *
 * Counters outlive the program that wrote them: a new drop goes to the end, and
 * a new action, which moves all drops, raises FWD_ABI_VERSION.
 */
#ifndef FAIRLEAD_FWD_VERDICTS_H
#define FAIRLEAD_FWD_VERDICTS_H

#define FWD_ACTIONS(X)                                                                                 \
  X(PASS, "not ours: the kernel's stack takes it unchanged")                                           \
  X(TO_OUTSIDE, "from a pod to the world: the kernel routes and masquerades it")                       \
  X(TO_POD, "delivered to a pod on this node")                                                         \
  X(TO_HOST, "delivered to the node's own endpoint")                                                   \
  X(TO_WIRE, "encapsulated to another node")                                                           \
  X(TO_SELF, "answered here: an echo to a service's address, or a question for a name")                \
  X(TO_NODE, "handed to another node as it is: its network is native")                                 \
  X(SPLIT, "cut in two, each of which comes again: IPv6 on a narrow underlay")                         \
  X(TO_BACKEND, "sent by an edge on its way to a server of the service")                               \
  X(TO_CLIENT, "an answer straight to a client of the world: a pod's, or a server's by an edge (nat)") \
  X(HANDED_ON, "an edge's, of a flow not known here: to the node of the pod that may have it")

#define FWD_DROPS(X)                                                                            \
  X(NO_LINK, "the link has no row: its pod is not (or no longer) published")                    \
  X(TRUNCATED, "shorter than its headers say")                                                  \
  X(NOT_IP, "neither IPv4 nor IPv6")                                                            \
  X(MULTICAST, "multicast, broadcast, link-local or loopback: the overlay has none")            \
  X(BAD_HEADER, "an IP or transport header that cannot be")                                     \
  X(IPV6_CHAIN, "more IPv6 extension headers than the parser walks, or unknown ones")           \
  X(SPOOFED_MAC, "a source MAC that is not the pod's")                                          \
  X(SPOOFED_SOURCE, "a source address that is not the sender's")                                \
  X(FRAGMENT_TO_VIP, "a fragment to a service's address, of a protocol without ports")          \
  X(NO_SERVICE_PORT, "the service's address has no such port and protocol")                     \
  X(NO_BACKEND, "the service has nobody who takes it: no ready pod, no server for what is new") \
  X(BACKEND_GONE, "the flow's pod has left; the flow ended with it")                            \
  X(FLOW_TABLE_FULL, "no room for both directions of a new flow")                               \
  X(FLOW_CONFLICT, "no free source port to tell two flows apart")                               \
  X(NO_ENDPOINT, "an address of the network that no pod holds")                                 \
  X(TO_UNDERLAY, "a pod to a node's overlay port or to the control port")                       \
  X(NO_VTEP, "the destination's node has no tunnel address")                                    \
  X(OUTER_UNKNOWN, "overlay packet from an address that is no node of this cluster")            \
  X(OUTER_BAD, "overlay packet with a malformed outer header")                                  \
  X(UNKNOWN_VNI, "overlay packet of a network that this node does not have")                    \
  X(NOT_LOCAL, "overlay packet for an address that is not on this node")                        \
  X(POLICY_EGRESS, "no policy admits it leaving")                                               \
  X(POLICY_INGRESS, "no policy admits it arriving")                                             \
  X(KERNEL_REFUSED, "a kernel helper refused to change the packet")                             \
  X(IGNORED, "neighbour and group chatter (ARP, ND, MLD, IGMP): the overlay has no use for it") \
  X(STALE_EPOCH, "from or for an owner that its address no longer has")                         \
  X(FRAG_BEFORE_FIRST, "a fragment whose first one did not come, or came too long ago")         \
  X(FRAGMENT_TABLE_FULL, "no room to remember a datagram that comes in fragments")              \
  X(TOO_BIG, "more than the way to its node takes: its sender is told, by ICMP")                \
  X(UNKNOWN_SOURCE, "a native packet from an address that no known pod of another node holds")  \
  X(SERVICE_LIMIT, "more new flows a second than the service takes")                            \
  X(SOURCE_LIMIT, "more new flows a second than the service takes from one source")             \
  X(TUNNEL_ERROR, "an error about an edge's own tunnel packet, of which no client can be told") \
  X(TTL_EXPIRED, "an edge by `nat` is a hop, and it had none left: its sender is told, by ICMP")

enum fwd_verdict {
#define FWD_ENUM(name, meaning) FWD_##name,
  FWD_ACTIONS(FWD_ENUM) FWD_DROPS(FWD_ENUM)
#undef FWD_ENUM
      FWD_VERDICT_COUNT
};

#define FWD_FIRST_DROP FWD_NO_LINK
/* Goes nowhere, as a drop does, but nobody's data is lost: not reported as one. */
#define FWD_LOSES(verdict) ((verdict) >= FWD_FIRST_DROP && (verdict) != FWD_IGNORED)
#define FWD_VERDICT_CAPACITY 64 /* rows of counters */

#endif
