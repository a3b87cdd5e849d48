/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The answer to a packet that does not fit (quote.h), made from the packet itself
 * and sent back into the link it came from. It quotes the packet as the pod
 * sent it, before translation, so that the pod's kernel knows its own socket;
 * it comes from the node's own address in that network, or where it has none
 * from the address the packet was for. One answer per packet, to its sender
 * alone: there is nothing to amplify, so no rate to bound.
 *
 * IPv4 packets without DF are answered, too: their sender fragments what comes
 * next.
 */
#ifndef FAIRLEAD_FWD_SIZE_TOO_BIG_H
#define FAIRLEAD_FWD_SIZE_TOO_BIG_H

#include "dataplane/fwd/size/fits.h"
#include "dataplane/fwd/size/quote.h"
#include "dataplane/fwd/way/tunnel.h"

/* The packet as its pod sent it. */
FWD_INLINE int fwd_untranslate(struct fwd_machine* m, struct fwd_context* c) {
  if (!c->translated) return FWD_PASS;
  __builtin_memset(&c->reverse, 0, sizeof c->reverse);
  c->reverse.src = c->key.src;
  c->reverse.dst = c->key.dst;
  c->reverse.sport_be = c->key.sport_be;
  c->reverse.dport_be = c->key.dport_be;
  return fwd_rewrite(m, c, &c->reverse);
}

/* FWD_TOO_BIG, with the answer in the packet's place and `out_ifindex` set where there is one. */
FWD_RARE int fwd_answer_too_big(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                                const struct fwd_link* link, __u32 limit) {
  struct fwd_headers* p = &c->pkt;
  const __u32 quote = fwd_quote_size(p);
  const __u32 mtu = p->family == 6 && limit < FWD_LEAST_MTU ? FWD_LEAST_MTU : limit;
  const __u32 size = p->family == 4 ? FWD_TOO_BIG_IPV4 : FWD_TOO_BIG_IPV6;
  const struct fwd_addr* own = p->family == 4 ? &config->host4 : &config->host6;
  if (!fwd_may_answer(p)) return FWD_TOO_BIG;
  if (fwd_untranslate(m, c) || fwd_trim(m, FWD_ETH_LENGTH + quote) || fwd_open(m, size))
    return FWD_KERNEL_REFUSED;
  const struct fwd_addr* from = c->net == config->host_net && !fwd_addr_none(own) ? own : &p->dst;
  const __u32 type_code = fwd_says_too_big(p->family);
  int bad = fwd_write_answer(m, p, c->outer, from, FWD_ETH_LENGTH + size, quote, type_code, mtu);
  if (!bad && p->family == 4) bad = fwd_store(m, FWD_ETH_LENGTH, c->outer, FWD_TOO_BIG_IPV4);
  if (!bad && p->family == 6) bad = fwd_store(m, FWD_ETH_LENGTH, c->outer, FWD_TOO_BIG_IPV6);
  if (bad || fwd_set_ethernet(m, 0, link->mac, config->gateway_mac, c->ethertype)) return FWD_KERNEL_REFUSED;
  c->out_ifindex = c->in_ifindex;
  return FWD_TOO_BIG;
}

#endif
