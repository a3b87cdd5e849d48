/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * A pod's question to its name server, answered on the spot from the table of
 * names: the packet becomes its own answer and goes back into the link that it
 * came by. Nobody wakes, no daemon need live. What is not answered goes on to
 * the server as it came, and is counted by the reason.
 */
#ifndef FAIRLEAD_FWD_DNS_STAGE_H
#define FAIRLEAD_FWD_DNS_STAGE_H

#include "dataplane/fwd/dns/answer.h"
#include "dataplane/fwd/dns/counts.h"
#include "dataplane/fwd/machine.h"
#include "dataplane/fwd/rewrite.h"
#include "dataplane/fwd/size/quote.h"

#define FWD_UDP_LENGTH 8U

/* Room, as a BPF stack has 512 bytes. Nobody clears it. */
struct fwd_dns_scratch {
  struct fwd_dns_message message;
  struct fwd_dns_query query;
  struct fwd_dns_reply reply;
};

/* What a machine provides for it: null or 0 where it has no names. */
FWD_INLINE const struct fwd_dns_names* fwd_dns_names_of(struct fwd_machine* m);
FWD_INLINE const struct fwd_dns_view* fwd_dns_view_of(struct fwd_machine* m, __u32 net);
FWD_INLINE struct fwd_dns_scratch* fwd_dns_scratch_of(struct fwd_machine* m);
FWD_INLINE void fwd_dns_tally(struct fwd_machine* m, __u32 count);
FWD_INLINE __u64 fwd_random(struct fwd_machine* m);
/* fwd_load of a length that is no constant, 1 to FWD_DNS_WINDOW; and fwd_store of one from 1 to
 * FWD_DNS_ENTRY. */
FWD_INLINE int fwd_load_some(struct fwd_machine* m, __u32 offset, void* to, __u32 length);
FWD_INLINE int fwd_store_some(struct fwd_machine* m, __u32 offset, const void* from, __u32 length);

struct fwd_dns_out {
  struct fwd_machine* m;
  __u32 at; /* of the message, in the packet */
};
FWD_INLINE int fwd_dns_put(struct fwd_dns_out* out, __u32 at, const void* from, __u32 length) {
  return fwd_store_some(out->m, out->at + at, from, length);
}

/* A whole datagram without IP options to port 53. */
FWD_INLINE int fwd_dns_may_ask(const struct fwd_headers* p) {
  const __u32 header = p->family == 4 ? 20 : 40;
  return p->proto == FWD_PROTO_UDP && p->dport_be == fwd_swap16(FWD_DNS_PORT) && p->l4 == p->l3 + header &&
         !(p->flags & FWD_PKT_FRAGMENT);
}

/* The sum of the `length` octets at `at` that are no whole words. */
FWD_INLINE int fwd_dns_sum_rest(struct fwd_machine* m, __u32 at, __u32 length, __u64* sum) {
  __u8 rest[4] = {0, 0, 0, 0};
  __u32 word;
  if (length > 0 && fwd_load(m, at, rest, 1)) return 1;
  if (length > 1 && fwd_load(m, at + 1, rest + 1, 1)) return 1;
  if (length > 2 && fwd_load(m, at + 2, rest + 2, 1)) return 1;
  __builtin_memcpy(&word, rest, sizeof word);
  *sum += word;
  return 0;
}

/* The IPv6 datagram's sum (RFC 8200, 8.1), which it must have; its header stands in `h`, without it. */
FWD_INLINE int fwd_dns_sum(struct fwd_machine* m, const struct fwd_headers* p, __u32* h, __u32 length) {
  const __u32 at = p->l4 + FWD_UDP_LENGTH;
  const __u32 octets = length - FWD_UDP_LENGTH;
  __u64 sum = fwd_sum_address(&p->src) + fwd_sum_address(&p->dst) + fwd_swap32(length) +
              fwd_swap32(FWD_PROTO_UDP) + h[0] + h[1];
  if (fwd_sum_quote(m, at, octets & ~3U, &sum)) return 1;
  if (fwd_dns_sum_rest(m, at + (octets & ~3U), octets & 3U, &sum)) return 1;
  const __u16 folded = fwd_fold(sum);
  h[1] |= fwd_swap32(fwd_swap16(folded ? folded : 0xffffU));
  return 0;
}

/* IP and UDP headers of the answer; an IPv4 datagram needs no sum (RFC 768). */
FWD_INLINE int fwd_dns_head(struct fwd_machine* m, struct fwd_context* c, __u32 octets) {
  const struct fwd_headers* p = &c->pkt;
  const __u32 length = FWD_UDP_LENGTH + octets;
  __u32 udp[2] = {fwd_port_word(p->dport_be, p->sport_be), fwd_swap32(length << 16)};
  if (p->family == 4) {
    fwd_write_ipv4(c->outer, &p->dst, &p->src, 0, 20 + length, FWD_PROTO_UDP);
    if (fwd_store(m, p->l3, c->outer, 20)) return 1;
  } else {
    fwd_write_ipv6(c->outer, &p->dst, &p->src, 0, length, 0, FWD_PROTO_UDP);
    if (fwd_store(m, p->l3, c->outer, 40) || fwd_dns_sum(m, p, udp, length)) return 1;
  }
  return fwd_store(m, p->l4, udp, sizeof udp);
}

FWD_INLINE __u32 fwd_dns_count_of(const struct fwd_dns_reply* reply) {
  if (reply->set == FWD_DNS_SOA) return reply->entry ? FWD_DNS_COUNT_NODATA : FWD_DNS_COUNT_NXDOMAIN;
  return (__u32)FWD_DNS_COUNT_A + reply->set;
}

/* Reads the question and finds its answer: FWD_DNS_ANSWERED with the plan in the scratch, or why not. */
FWD_INLINE int fwd_dns_ask(struct fwd_machine* m, const struct fwd_headers* p,
                           const struct fwd_dns_names* names, const struct fwd_dns_view* view,
                           struct fwd_dns_scratch* s) {
  const __u32 length = p->end - p->l4 - FWD_UDP_LENGTH;
  __be16 said;
  if (p->end < p->l4 + FWD_UDP_LENGTH + FWD_DNS_HEADER) return FWD_DNS_SHORT;
  if (fwd_load(m, p->l4 + 4, &said, sizeof said) || fwd_swap16(said) != length + FWD_UDP_LENGTH)
    return FWD_DNS_MALFORMED;
  if (length > FWD_DNS_WINDOW) return FWD_DNS_LARGE;
  if (fwd_load_some(m, p->l4 + FWD_UDP_LENGTH, s->message.octets, length)) return FWD_DNS_MALFORMED;
  const int kind = fwd_dns_read(&s->message, length, &s->query);
  if (kind != FWD_DNS_PLAIN) return kind;
  s->reply.random = fwd_random(m);
  return fwd_dns_plan(names, view, &s->query, fwd_dns_udp_limit(&s->query), 0, &s->reply);
}

/* FWD_TO_SELF with the answer in the packet's place; FWD_PASS: it is the server's. */
FWD_RARE int fwd_dns_stage(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                           const struct fwd_link* link) {
  const struct fwd_headers* p = &c->pkt;
  const struct fwd_dns_view* view = fwd_dns_view_of(m, c->net);
  struct fwd_dns_scratch* s = fwd_dns_scratch_of(m);
  if (!view || !s) return FWD_PASS;
  if (!fwd_addr_equal(&p->dst, p->family == 4 ? &view->dns4 : &view->dns6)) return FWD_PASS;
  const struct fwd_dns_names* names = view->net == c->net ? fwd_dns_names_of(m) : 0;
  const int why = names ? fwd_dns_ask(m, p, names, view, s) : FWD_DNS_NO_VIEW_REASON;
  if (!names || why != FWD_DNS_ANSWERED) {
    fwd_dns_tally(m, (__u32)FWD_DNS_COUNT_REASONS + (__u32)why);
    return FWD_PASS;
  }
  struct fwd_dns_out out = {m, p->l4 + FWD_UDP_LENGTH};
  int bad = fwd_trim(m, out.at + s->reply.length);
  if (!bad) bad = fwd_dns_write(&out, names, &s->query, &s->reply);
  if (!bad) bad = fwd_dns_head(m, c, s->reply.length);
  if (!bad) bad = fwd_set_ethernet(m, 0, link->mac, config->gateway_mac, c->ethertype);
  if (bad) return FWD_KERNEL_REFUSED;
  fwd_dns_tally(m, fwd_dns_count_of(&s->reply));
  c->out_ifindex = c->in_ifindex;
  return FWD_TO_SELF;
}

#endif
