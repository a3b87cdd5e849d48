/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Looking for a tag among the eight words of a bucket, without a branch: where it
 * stands would be guessed wrong seven times in eight, and with it goes what a CPU did
 * ahead while the bucket came from memory. BPF has whole words only; elsewhere
 * all eight are compared at once (tags are the words' upper halves, of a little-endian
 * machine). Both give the same answer, the first place where two are alike: two cores
 * may remember one flow at once. An empty place is looked for in the same way.
 */
#ifndef FAIRLEAD_FWD_EDGE_FLOW_FIND_H
#define FAIRLEAD_FWD_EDGE_FLOW_FIND_H

#include "dataplane/fwd/edge/values.h"

/* The place of the word of this tag, and one more; 0: it is not here. */
FWD_INLINE __u64 fwd_bucket_find_by_words(const struct fwd_edge_bucket* bucket, __u32 tag) {
  __u64 place = 0, none = 1; /* words before it, and whether all of them are */
  FWD_UNROLL
  for (__u64 i = 0; i < FWD_BUCKET_FLOWS; ++i) {
    __u32 here; /* the tag: a load, and no shift */
    __builtin_memcpy(&here, __builtin_assume_aligned((const __u8*)&bucket->flow[i] + 4, 4), sizeof here);
    const __u64 differs = ((__u64)(here ^ tag) + 0xffffffffU) >> 32;
    none &= differs;
    place += none;
    asm volatile("" : "+r"(place)); /* one after another: BPF has no registers to keep all eight */
  }
  return (place + 1) & (none - 1);
}

#ifdef __bpf__
FWD_INLINE __u64 fwd_bucket_find(const struct fwd_edge_bucket* bucket, __u32 tag) {
  return fwd_bucket_find_by_words(bucket, tag);
}
#else
typedef __u32 fwd_halves __attribute__((vector_size(64)));
typedef __u32 fwd_tags __attribute__((vector_size(32)));
typedef char fwd_bytes __attribute__((vector_size(8)));

FWD_INLINE __u64 fwd_bucket_find(const struct fwd_edge_bucket* bucket, __u32 tag) {
  fwd_halves halves;
  __builtin_memcpy(&halves, bucket, sizeof halves);
  const fwd_tags tags = __builtin_shufflevector(halves, halves, 1, 3, 5, 7, 9, 11, 13, 15);
  const fwd_bytes same = __builtin_convertvector(tags == tag, fwd_bytes);
  __u64 bits;
  __builtin_memcpy(&bits, &same, sizeof bits);
  return bits ? (__u64)(__builtin_ctzll(bits) >> 3) + 1 : 0;
}
#endif

FWD_INLINE int fwd_word_swap(__u64* at, __u64 old, __u64 word) {
  return __sync_val_compare_and_swap(at, old, word | (old & FWD_WORD_SPILLED)) == old;
}

/* Does `word` take an empty place, whose tag is 0? It is found as a flow is, for an eighth of what weighing
 * eight words takes, and most buckets have one. */
FWD_INLINE int fwd_bucket_fill(struct fwd_edge_bucket* bucket, __u64 word) {
  const __u64 empty = fwd_bucket_find(bucket, 0);
  if (!empty) return 0;
  __u64* at = &bucket->flow[(empty - 1) & (FWD_BUCKET_FLOWS - 1)];
  const __u64 old = *at;
  return !fwd_word_server(old) && fwd_word_swap(at, old, word); /* else a flow's whose tag is 0 */
}

#endif
