/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What a DNS query asks (RFC 1035 section 4, EDNS by RFC 6891), once: the tc
 * program at a pod's veth and the name server both read it here. The message
 * lies in a window of fixed size, so that a verifier sees every bound; what is
 * larger, or carries other records than one question and one OPT, is not
 * judged here but handed to whoever can take a whole message apart.
 *
 * The asked name is kept folded to lower case (RFC 4343) and padded with zeros
 * to whole words of 8 octets, ready to be hashed and compared. Little-endian
 * machines only, as the BPF target is.
 */
#ifndef FAIRLEAD_FWD_DNS_QUERY_H
#define FAIRLEAD_FWD_DNS_QUERY_H

#include "dataplane/fwd/dns/counts.h"
#include "dataplane/fwd/dns/rows.h"
#include "dataplane/fwd/repeat.h"

#define FWD_DNS_PORT 53U
#define FWD_DNS_HEADER 12U
#define FWD_DNS_WINDOW 512U /* octets of a message that are read; a power of two */
#define FWD_DNS_PAD 4U      /* in front of the message: its names then begin at a whole word */

/* A message as it came: `octets` behind the pad, whatever lies beyond `length` is not looked at. */
struct fwd_dns_message {
  __u8 pad[FWD_DNS_PAD];
  __u8 octets[FWD_DNS_WINDOW];
  __u8 slack[12]; /* words may be read across the window's end */
} __attribute__((aligned(8)));

/* Header flags, as a number. */
#define FWD_DNS_QR 0x8000U
#define FWD_DNS_OPCODE_BITS 0x7800U
#define FWD_DNS_AA 0x0400U
#define FWD_DNS_TC 0x0200U
#define FWD_DNS_RD 0x0100U
#define FWD_DNS_RA 0x0080U
#define FWD_DNS_CD 0x0010U

#define FWD_DNS_OPT 41U
#define FWD_DNS_OPT_OCTETS 11U /* an OPT record without options */
#define FWD_DNS_DO 0x8000U
#define FWD_DNS_UDP_FLOOR 512U    /* octets: without EDNS, and below it */
#define FWD_DNS_UDP_PAYLOAD 1232U /* what we advertise, and never exceed by UDP */

struct fwd_dns_query {
  __u32 flags;       /* of the header */
  __u32 name_length; /* octets, the root's zero included */
  __u32 type;
  __u32 klass;
  __u32 question_end; /* offset behind the question */
  __u32 has_opt;
  __u32 payload;     /* of OPT: octets of UDP that the asker takes */
  __u32 opt_flags;   /* of OPT: DO */
  __u32 first_label; /* offset in the name of its second label: its parent */
  __u32 zero;
  __u64 starts[4];               /* bit i: a label begins at octet i of the name */
  __u64 name[FWD_DNS_WORDS + 2]; /* folded; two words of zeros behind it, as it may be read from any octet */
};

FWD_INLINE __u32 fwd_dns_u16(const struct fwd_dns_message* message, __u32 at) {
  const __u8* octets = message->octets + (at & (FWD_DNS_WINDOW - 1));
  return (__u32)octets[0] << 8 | octets[1];
}

/* ASCII upper case to lower in each octet. Safe over length octets: they are below 'A'. */
FWD_INLINE __u64 fwd_dns_fold(__u64 word) {
  const __u64 ones = 0x0101010101010101ULL;
  const __u64 low = word & 0x7f * ones;
  const __u64 upper = (low + 0x3f * ones) & ~(low + 0x25 * ones) & ~word & 0x80 * ones; /* A..Z, no 8th bit */
  return word | upper >> 2;
}

/* The octets of `word` that lie before `length`, where it begins at `at`. */
FWD_INLINE __u64 fwd_dns_cut(__u64 word, __u32 at, __u32 length) {
  const __u32 left = length - at;
  return left >= 8 ? word : word & ((1ULL << (left & 7) * 8) - 1);
}

struct fwd_dns_walk {
  const struct fwd_dns_message* message;
  struct fwd_dns_query* query;
  __u32 length; /* of the message */
  __u32 at;     /* offset of the next label */
  __u32 bad;
};

/* One label: 1 when the walk is over. */
FWD_STEP fwd_dns_label(__u32 turn, void* state) {
  struct fwd_dns_walk* walk = (struct fwd_dns_walk*)state;
  const __u32 begin = walk->at - FWD_DNS_HEADER;
  if (walk->at >= walk->length || begin >= FWD_DNS_NAME) {
    walk->bad = 1;
    return 1;
  }
  const __u32 label = walk->message->octets[walk->at & (FWD_DNS_WINDOW - 1)];
  walk->at += 1 + label;
  if (label == 0) return 1;
  walk->bad = label > 63; /* a pointer has nowhere to lead back to */
  if (turn == 0) walk->query->first_label = 1 + label;
  walk->query->starts[begin >> 6 & 3] |= 1ULL << (begin & 63);
  return (long)walk->bad;
}

/* One word of the name, folded. */
FWD_STEP fwd_dns_word(__u32 turn, void* state) {
  struct fwd_dns_walk* walk = (struct fwd_dns_walk*)state;
  const __u32 at = turn & (FWD_DNS_WORDS - 1);
  __u64 word;
  __builtin_memcpy(&word, walk->message->octets + FWD_DNS_HEADER + (__u64)at * 8, sizeof word);
  walk->query->name[at] = fwd_dns_fold(fwd_dns_cut(word, at * 8, walk->query->name_length));
  return 0;
}

FWD_INLINE __u32 fwd_dns_words(__u32 octets) { return (octets + 7) / 8; }

/* The name behind the header: 0, or it leads out of the message. */
FWD_INLINE int fwd_dns_read_name(const struct fwd_dns_message* message, __u32 length,
                                 struct fwd_dns_query* q) {
  struct fwd_dns_walk walk = {message, q, length, FWD_DNS_HEADER, 0};
  q->first_label = 0;
  q->starts[0] = q->starts[1] = q->starts[2] = q->starts[3] = 0;
  fwd_repeat(FWD_DNS_NAME / 2 + 1, fwd_dns_label, &walk);
  q->name_length = walk.at - FWD_DNS_HEADER;
  if (walk.bad || q->name_length > FWD_DNS_NAME || walk.at > length) return 1;
  const __u32 words = fwd_dns_words(q->name_length) & (2 * FWD_DNS_WORDS - 1);
  fwd_repeat(words, fwd_dns_word, &walk);
  q->name[words] = q->name[words + 1] = 0;
  return 0;
}

/* The one record behind the question, an OPT that ends the message. */
FWD_INLINE int fwd_dns_read_opt(const struct fwd_dns_message* message, __u32 length,
                                struct fwd_dns_query* q) {
  const __u32 at = q->question_end;
  if (length - at < FWD_DNS_OPT_OCTETS) return FWD_DNS_MALFORMED;
  if (message->octets[at & (FWD_DNS_WINDOW - 1)] || fwd_dns_u16(message, at + 1) != FWD_DNS_OPT)
    return FWD_DNS_RECORDS;
  const __u32 options = fwd_dns_u16(message, at + 9);
  if (length - at - FWD_DNS_OPT_OCTETS != options) return FWD_DNS_MALFORMED;
  q->has_opt = 1;
  q->payload = fwd_dns_u16(message, at + 3);
  q->opt_flags = fwd_dns_u16(message, at + 7);
  if (fwd_dns_u16(message, at + 5) & 0xffU) return FWD_DNS_VERSION;
  return options ? FWD_DNS_OPTIONS : FWD_DNS_PLAIN;
}

/* Reads a message of `length` octets. Header, question and OPT are there when the kind is PLAIN, OPTIONS or
 * VERSION; the header alone when it is none of SHORT. */
FWD_INLINE int fwd_dns_read(const struct fwd_dns_message* message, __u32 length, struct fwd_dns_query* q) {
  if (length < FWD_DNS_HEADER) return FWD_DNS_SHORT;
  q->flags = fwd_dns_u16(message, 2);
  q->has_opt = q->payload = q->opt_flags = q->zero = 0;
  const __u32 questions = fwd_dns_u16(message, 4);
  const __u32 answers = fwd_dns_u16(message, 6);
  const __u32 authorities = fwd_dns_u16(message, 8);
  const __u32 more = fwd_dns_u16(message, 10);
  if (q->flags & FWD_DNS_QR) return FWD_DNS_RESPONSE;
  if (q->flags & FWD_DNS_OPCODE_BITS) return FWD_DNS_OPCODE;
  if (questions != 1) return FWD_DNS_QUESTIONS;
  if (length > FWD_DNS_WINDOW) return FWD_DNS_LARGE;
  if (fwd_dns_read_name(message, length, q)) return FWD_DNS_MALFORMED;
  const __u32 at = FWD_DNS_HEADER + q->name_length;
  if (length - at < 4) return FWD_DNS_MALFORMED;
  q->type = fwd_dns_u16(message, at);
  q->klass = fwd_dns_u16(message, at + 2);
  q->question_end = at + 4;
  if (answers || authorities || more > 1) return FWD_DNS_RECORDS;
  if (more) return fwd_dns_read_opt(message, length, q);
  return length == q->question_end ? FWD_DNS_PLAIN : FWD_DNS_MALFORMED;
}

#endif
