/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * From a query to the octets of its answer, the same for the tc program at a
 * pod's veth and the name server: what is answered (plan), then its octets in
 * the query's own place (write). The size is known before the first octet is
 * written, so that whoever cannot answer leaves the query as it came.
 *
 *   header | question as asked | answers | SOA of "no" | additional | OPT
 *
 * RFC 1034/1035; 2308 (SOA with every "no"); 4343 (the question's case is
 * kept); 6891 (EDNS); 8020 (a name between others is empty, not absent). Sets
 * of addresses are shuffled whole, by an input: a caller that takes the first,
 * and the next when that is dead, finds each equally often.
 */
#ifndef FAIRLEAD_FWD_DNS_ANSWER_H
#define FAIRLEAD_FWD_DNS_ANSWER_H

#include "dataplane/fwd/dns/counts.h"
#include "dataplane/fwd/dns/names.h"

#define FWD_DNS_CLASS_IN 1U
#define FWD_DNS_NXDOMAIN 3U

struct fwd_dns_reply {
  __u32 entry;   /* cell of the name; 0: it does not exist */
  __u32 zone;    /* cell of the apex above it */
  __u32 zone_at; /* octet of the asked name where that begins */
  __u32 set;
  __u32 flags;   /* of the header */
  __u32 answers; /* to be written: all, or as many as fit (TC) */
  __u32 more;
  __u32 length; /* of the message */
  __u64 random;
  __u8 order[256]; /* of the answers */
};

FWD_INLINE __u32 fwd_dns_set_for(__u32 type) {
  return type == 1    ? FWD_DNS_A
         : type == 28 ? FWD_DNS_AAAA
         : type == 33 ? FWD_DNS_SRV
         : type == 12 ? FWD_DNS_PTR
                      : FWD_DNS_SETS;
}

/* Octets of one record of a set that is shuffled; 0: it stays in its order. */
FWD_INLINE __u32 fwd_dns_record_octets(__u32 set) {
  return set == FWD_DNS_A ? 16 : set == FWD_DNS_AAAA ? 28 : 0;
}

/* Not the SOA. A compiler that knows what the number is would leave out the bound that a verifier needs. */
FWD_INLINE const struct fwd_dns_set* fwd_dns_set_at(const struct fwd_dns_entry* entry, __u32 set) {
  __asm__ volatile("" : "+r"(set));
  return &entry->sets[set & 3];
}

struct fwd_dns_cuts {
  const struct fwd_dns_names* names;
  const struct fwd_dns_view* view;
  const struct fwd_dns_query* q;
  __u32 apex;
  __u32 at;
  __u32 flags;
};

FWD_STEP fwd_dns_cut_step(__u32 turn, void* state) {
  struct fwd_dns_cuts* s = (struct fwd_dns_cuts*)state;
  const struct fwd_dns_zone* zone = &s->view->zones[turn & (FWD_DNS_ZONES - 1)];
  const struct fwd_dns_query* q = s->q;
  if (!zone->name_length) return 1;
  if (zone->name_length > q->name_length) return 0;
  const __u32 at = q->name_length - zone->name_length;
  if (!(q->starts[at >> 6 & 3] >> (at & 63) & 1)) return 0;
  const struct fwd_dns_entry* apex = fwd_dns_entry_of(s->names, zone->cell);
  if (!apex || !fwd_dns_is(q, at, apex)) return 0;
  s->apex = zone->cell;
  s->at = at;
  s->flags = zone->flags;
  return 1;
}

/* The zone that the name belongs to: 0, or whose it is. */
FWD_INLINE int fwd_dns_zone_of(const struct fwd_dns_names* names, const struct fwd_dns_view* view,
                               const struct fwd_dns_query* q, struct fwd_dns_reply* reply) {
  struct fwd_dns_cuts s = {names, view, q, 0, 0, 0};
  fwd_repeat(FWD_DNS_ZONES, fwd_dns_cut_step, &s);
  reply->zone = s.apex;
  reply->zone_at = s.at;
  return !s.apex || s.flags & FWD_DNS_ELSEWHERE ? FWD_DNS_FOREIGN_REASON : FWD_DNS_ANSWERED;
}

/* Nobody of this name: does it not exist? */
FWD_INLINE int fwd_dns_absent(const struct fwd_dns_names* names, const struct fwd_dns_view* view,
                              const struct fwd_dns_query* q) {
  if (!(view->flags & FWD_DNS_COMPLETE)) return FWD_DNS_INCOMPLETE_REASON;
  const __u32 cell = fwd_dns_find(names, view->net, q, q->first_label);
  const struct fwd_dns_entry* parent = cell ? fwd_dns_entry_of(names, cell) : 0;
  return parent && parent->flags & FWD_DNS_OPEN ? FWD_DNS_SERVER_REASON : FWD_DNS_ANSWERED;
}

FWD_INLINE __u32 fwd_dns_udp_limit(const struct fwd_dns_query* q) {
  if (q->payload < FWD_DNS_UDP_FLOOR) return FWD_DNS_UDP_FLOOR;
  return q->payload < FWD_DNS_UDP_PAYLOAD ? q->payload : FWD_DNS_UDP_PAYLOAD;
}

/* Makes the answer fit: first without the additional section, which may be left out (RFC 2181, 9); then,
 * where `truncate` says so, with as many whole records as there is room for, and TC. */
FWD_INLINE int fwd_dns_fit(const struct fwd_dns_query* q, const struct fwd_dns_set* set, __u32 limit,
                           __u32 truncate, struct fwd_dns_reply* reply) {
  const __u32 opt = q->has_opt ? FWD_DNS_OPT_OCTETS : 0;
  const __u32 one = fwd_dns_record_octets(reply->set);
  reply->length = q->question_end + set->length + set->more_length + opt;
  if (reply->length <= limit) return FWD_DNS_ANSWERED;
  reply->more = 0;
  reply->length -= set->more_length;
  if (reply->length <= limit) return FWD_DNS_ANSWERED;
  if (!truncate) return FWD_DNS_TOO_LARGE_REASON;
  const __u32 room = limit - q->question_end - opt;
  reply->flags |= FWD_DNS_TC;
  reply->answers = one ? room / (one ? one : 1) : 0;
  reply->length = q->question_end + reply->answers * one + opt;
  return FWD_DNS_ANSWERED;
}

/* What the answer to `q` is, of `limit` octets at most (512 or more): FWD_DNS_ANSWERED, or why the table has
 * none. */
FWD_INLINE int fwd_dns_plan(const struct fwd_dns_names* names, const struct fwd_dns_view* view,
                            const struct fwd_dns_query* q, __u32 limit, __u32 truncate,
                            struct fwd_dns_reply* reply) {
  if (q->klass != FWD_DNS_CLASS_IN) return FWD_DNS_CLASS_REASON;
  reply->set = fwd_dns_set_for(q->type);
  if (reply->set == FWD_DNS_SETS) return FWD_DNS_TYPE_REASON;
  int bad = fwd_dns_zone_of(names, view, q, reply);
  if (bad) return bad;
  reply->entry = fwd_dns_find(names, view->net, q, 0);
  const struct fwd_dns_entry* entry = reply->entry ? fwd_dns_entry_of(names, reply->entry) : 0;
  reply->flags = FWD_DNS_QR | FWD_DNS_AA | (q->flags & (FWD_DNS_RD | FWD_DNS_CD));
  if (view->flags & FWD_DNS_RECURSES) reply->flags |= FWD_DNS_RA;
  reply->answers = reply->more = 0;
  if (!entry) {
    bad = fwd_dns_absent(names, view, q);
    if (bad) return bad;
    reply->flags |= FWD_DNS_NXDOMAIN;
  } else {
    if (entry->flags & FWD_DNS_ASK) return FWD_DNS_SERVER_REASON;
    reply->answers = fwd_dns_set_at(entry, reply->set)->answers;
    reply->more = fwd_dns_set_at(entry, reply->set)->more;
  }
  if (entry && reply->answers)
    return fwd_dns_fit(q, fwd_dns_set_at(entry, reply->set), limit, truncate, reply);
  const struct fwd_dns_entry* zone = fwd_dns_entry_of(names, reply->zone);
  if (!zone) return FWD_DNS_INCOMPLETE_REASON;
  reply->set = FWD_DNS_SOA;
  reply->length = q->question_end + zone->sets[FWD_DNS_SOA].length + (q->has_opt ? FWD_DNS_OPT_OCTETS : 0);
  return reply->length <= limit ? FWD_DNS_ANSWERED : FWD_DNS_TOO_LARGE_REASON;
}

/* Where an answer is written, as the machine has it: `length` octets at offset `at` of the message: 0, or it
 * could not. */
struct fwd_dns_out;
FWD_INLINE int fwd_dns_put(struct fwd_dns_out* out, __u32 at, const void* from, __u32 length);

struct fwd_dns_writing {
  struct fwd_dns_out* out;
  const struct fwd_dns_entry* entry;
  struct fwd_dns_reply* reply;
  __u32 from; /* octet of the entry where the set begins */
  __u32 one;  /* octets of a record */
  __u32 at;
  __u32 bad;
};

/* The order of a shuffle (Durstenfeld's, from the inside out). */
FWD_STEP fwd_dns_order_step(__u32 turn, void* state) {
  struct fwd_dns_reply* reply = ((struct fwd_dns_writing*)state)->reply;
  reply->random = fwd_mix(reply->random, turn + 1);
  const __u32 other = (__u32)((reply->random >> 32) * (turn + 1) >> 32);
  reply->order[turn & 255] = reply->order[other & 255];
  reply->order[other & 255] = (__u8)turn;
  return 0;
}

FWD_STEP fwd_dns_record_step(__u32 turn, void* state) {
  struct fwd_dns_writing* w = (struct fwd_dns_writing*)state;
  const __u32 from = w->from + w->reply->order[turn & 255] * w->one;
  w->bad = fwd_dns_put(w->out, w->at, (const __u8*)w->entry + (from & (FWD_DNS_ENTRY - 1)), w->one) != 0;
  w->at += w->one;
  return (long)w->bad;
}

FWD_INLINE int fwd_dns_write_set(struct fwd_dns_out* out, __u32 at, const struct fwd_dns_entry* entry,
                                 struct fwd_dns_reply* reply) {
  const struct fwd_dns_set* set = fwd_dns_set_at(entry, reply->set);
  const __u32 one = fwd_dns_record_octets(reply->set);
  if (one && set->answers > 1) {
    struct fwd_dns_writing w = {out, entry, reply, set->offset, one, at, 0};
    fwd_repeat(set->answers, fwd_dns_order_step, &w);
    fwd_repeat(reply->answers, fwd_dns_record_step, &w);
    return (int)w.bad;
  }
  const __u8* records = (const __u8*)entry + (set->offset & (FWD_DNS_ENTRY - 1));
  return reply->answers ? fwd_dns_put(out, at, records, set->length) : 0;
}

FWD_INLINE int fwd_dns_write_more(struct fwd_dns_out* out, __u32 at, const struct fwd_dns_entry* entry,
                                  const struct fwd_dns_reply* reply) {
  const struct fwd_dns_set* set = fwd_dns_set_at(entry, reply->set);
  const __u32 from = (__u32)set->offset + set->length;
  return fwd_dns_put(out, at + set->length, (const __u8*)entry + (from & (FWD_DNS_ENTRY - 1)),
                     set->more_length);
}

FWD_INLINE int fwd_dns_write_soa(struct fwd_dns_out* out, __u32 at, const struct fwd_dns_entry* zone,
                                 const struct fwd_dns_reply* reply) {
  const struct fwd_dns_set* set = &zone->sets[FWD_DNS_SOA];
  const __u8* record = (const __u8*)zone + (set->offset & (FWD_DNS_ENTRY - 1));
  const __u32 owner = 0xc000U | (FWD_DNS_HEADER + reply->zone_at);
  const __u8 pointer[2] = {(__u8)(owner >> 8), (__u8)owner};
  return fwd_dns_put(out, at, record, set->length) || fwd_dns_put(out, at, pointer, sizeof pointer);
}

/* Writes what was planned around the question, which stays as it is: 0, or the machine could not. */
FWD_INLINE int fwd_dns_write(struct fwd_dns_out* out, const struct fwd_dns_names* names,
                             const struct fwd_dns_query* q, struct fwd_dns_reply* reply) {
  const __u32 is_no = reply->set == FWD_DNS_SOA;
  const __u32 more = reply->more + (q->has_opt ? 1 : 0);
  const __u8 header[10] = {
      (__u8)(reply->flags >> 8), (__u8)reply->flags, 0, 1, 0, (__u8)reply->answers, 0, (__u8)is_no,
      (__u8)(more >> 8),         (__u8)more};
  const struct fwd_dns_entry* from = fwd_dns_entry_of(names, is_no ? reply->zone : reply->entry);
  if (!from || fwd_dns_put(out, 2, header, sizeof header)) return 1;
  int bad = is_no ? fwd_dns_write_soa(out, q->question_end, from, reply)
                  : fwd_dns_write_set(out, q->question_end, from, reply);
  if (!bad && reply->more) bad = fwd_dns_write_more(out, q->question_end, from, reply);
  if (bad || !q->has_opt) return bad;
  const __u8 opt[FWD_DNS_OPT_OCTETS] = {0,
                                        0,
                                        FWD_DNS_OPT,
                                        FWD_DNS_UDP_PAYLOAD >> 8,
                                        FWD_DNS_UDP_PAYLOAD & 0xff,
                                        0,
                                        0,
                                        (__u8)((q->opt_flags & FWD_DNS_DO) >> 8),
                                        0,
                                        0,
                                        0};
  return fwd_dns_put(out, reply->length - FWD_DNS_OPT_OCTETS, opt, sizeof opt);
}

#endif
