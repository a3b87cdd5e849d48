/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * How a name is found in the table of names (rows.h), without a lock.
 */
#ifndef FAIRLEAD_FWD_DNS_NAMES_H
#define FAIRLEAD_FWD_DNS_NAMES_H

#include "dataplane/fwd/dns/rows.h"
#include "dataplane/fwd/dns_query.h"

/* What a machine provides: its table, by index (of any value: taken modulo their number) and by cell
 * (null: no such cell), and the seed that its names are placed by. */
struct fwd_dns_names;
FWD_INLINE const struct fwd_dns_bucket* fwd_dns_bucket_of(const struct fwd_dns_names* names, __u32 index);
FWD_INLINE const struct fwd_dns_entry* fwd_dns_entry_of(const struct fwd_dns_names* names, __u32 cell);
FWD_INLINE __u64 fwd_dns_seed(const struct fwd_dns_names* names);

/* Where a name of this hash lies. */
FWD_INLINE __u32 fwd_dns_tag(__u64 hash) { return (__u32)(hash >> 32); }
FWD_INLINE __u32 fwd_dns_first(__u64 hash) { return (__u32)hash; }
FWD_INLINE __u32 fwd_dns_second(__u64 hash) { return (__u32)hash ^ (fwd_dns_tag(hash) * 0x5bd1e995U >> 7); }

/* The word of the asked name that begins at its octet `at`. */
FWD_INLINE __u64 fwd_dns_word_at(const struct fwd_dns_query* q, __u32 at) {
  __u64 word;
  __builtin_memcpy(&word, (const __u8*)q->name + (at & 255), sizeof word);
  return word;
}

struct fwd_dns_search {
  const struct fwd_dns_query* q;
  const struct fwd_dns_entry* entry;
  __u64 hash;
  __u32 from; /* octet of the asked name where the wanted one begins */
  __u32 other;
};

FWD_STEP fwd_dns_hash_step(__u32 turn, void* state) {
  struct fwd_dns_search* s = (struct fwd_dns_search*)state;
  s->hash = fwd_mix(s->hash, fwd_dns_word_at(s->q, s->from + turn * 8));
  return 0;
}

FWD_STEP fwd_dns_compare_step(__u32 turn, void* state) {
  struct fwd_dns_search* s = (struct fwd_dns_search*)state;
  s->other = s->entry->name[turn & (FWD_DNS_WORDS - 1)] != fwd_dns_word_at(s->q, s->from + turn * 8);
  return (long)s->other;
}

/* Is the asked name, from its octet `from` on, the entry's? Its net is not looked at. */
FWD_INLINE int fwd_dns_is(const struct fwd_dns_query* q, __u32 from, const struct fwd_dns_entry* entry) {
  struct fwd_dns_search s = {q, entry, 0, from, 0};
  if (entry->name_length != q->name_length - from) return 0;
  fwd_repeat(fwd_dns_words(entry->name_length), fwd_dns_compare_step, &s);
  return !s.other;
}

FWD_INLINE __u32 fwd_dns_scan(const struct fwd_dns_bucket* bucket, __u32 tag) {
  __u32 cell = 0;
  FWD_UNROLL
  for (__u32 i = 0; i < FWD_DNS_SLOTS; ++i) {
    const __u64 slot = *(const volatile __u64*)&bucket->slots[i];
    if ((__u32)(slot >> 32) == tag) cell |= (__u32)slot; /* one at most has it */
  }
  return cell;
}

FWD_INLINE __u64 fwd_dns_hash(__u64 seed, __u32 net, const struct fwd_dns_query* q, __u32 from) {
  struct fwd_dns_search s = {q, 0, fwd_mix(seed, net), from, 0};
  fwd_repeat(fwd_dns_words(q->name_length - from), fwd_dns_hash_step, &s);
  return s.hash;
}

/* The cell of the asked name's entry, from its octet `from` on; 0: absent. */
FWD_INLINE __u32 fwd_dns_find(const struct fwd_dns_names* names, __u32 net, const struct fwd_dns_query* q,
                              __u32 from) {
  const __u64 hash = fwd_dns_hash(fwd_dns_seed(names), net, q, from);
  const __u32 places[2] = {fwd_dns_first(hash), fwd_dns_second(hash)};
  FWD_UNROLL
  for (int i = 0; i < 2; ++i) {
    const struct fwd_dns_bucket* bucket = fwd_dns_bucket_of(names, places[i]);
    const __u32 cell = bucket ? fwd_dns_scan(bucket, fwd_dns_tag(hash)) : 0;
    const struct fwd_dns_entry* entry = cell ? fwd_dns_entry_of(names, cell) : 0;
    if (entry && entry->net == net && fwd_dns_is(q, from, entry)) return cell;
  }
  return 0;
}

#endif
