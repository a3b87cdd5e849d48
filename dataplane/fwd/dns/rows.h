/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The table of names, byte by byte. Its values are answers that were rendered
 * before anybody asked: records as they stand on the wire, their owner a pointer
 * to the question, which stands at octet 12 of every message. control/dns makes
 * them; the tc program and the name server read them, each in memory of its own.
 *
 *   bucket   64 octets: 8 slots {tag 32 | cell 32} of one store each; 0: empty
 *   entry    whole cells of 64 octets: what the name has, the name, its records
 *   slab     16,384 cells, and behind them what a read of the last ones may touch
 *   view     what one network's pods see: their name server's addresses, zones
 *
 * A name lies in one of two buckets, and no two names of a bucket have one tag:
 * what is not there is found absent with two lines read, what is there with two
 * or three. An entry is never changed: a new one takes its slot, and its cells
 * rest until no reader is left.
 */
#ifndef FAIRLEAD_FWD_DNS_ROWS_H
#define FAIRLEAD_FWD_DNS_ROWS_H

#include "dataplane/fwd/abi.h"

#define FWD_DNS_NAME 255U /* octets of a name, the root's zero included, at most */
#define FWD_DNS_WORDS 32U /* of a name */
#define FWD_DNS_SLOTS 8U
#define FWD_DNS_CELL 64U /* octets */

struct fwd_dns_bucket {
  __u64 slots[FWD_DNS_SLOTS];
} __attribute__((aligned(64)));

/* Records of one type, and what goes into the additional section with them. Empty: no such record. */
enum fwd_dns_set_of { FWD_DNS_A, FWD_DNS_AAAA, FWD_DNS_SRV, FWD_DNS_PTR, FWD_DNS_SOA, FWD_DNS_SETS };
struct fwd_dns_set {
  __u16 offset;      /* octets from the entry's begin: the answers, then what goes with them */
  __u16 length;      /* octets of the answers */
  __u16 more_length; /* octets of the others */
  __u8 answers;
  __u8 more;
};

#define FWD_DNS_ASK 1U  /* it has what does not stand here: the server knows */
#define FWD_DNS_OPEN 2U /* names may begin below it that do not stand here */
struct fwd_dns_entry {
  __u32 net;
  __u16 octets; /* of the entry */
  __u8 name_length;
  __u8 flags;
  struct fwd_dns_set sets[FWD_DNS_SETS];
  __u64 name[FWD_DNS_WORDS]; /* folded, as many words as it needs; its records begin there */
};
#define FWD_DNS_NAME_AT 48U
#define FWD_DNS_ENTRY 4096U /* octets of an entry at most */

/* Cells are numbered through all slabs; cell 0 is nobody's. */
#define FWD_DNS_SLAB_CELLS 16384U
struct fwd_dns_slab {
  __u8 cells[FWD_DNS_SLAB_CELLS * FWD_DNS_CELL];
  __u8 slack[2 * FWD_DNS_ENTRY]; /* a verifier takes an offset and a length for as large as they may be */
};

/* A zone: its apex, whose entry has the SOA. The longest come first. */
#define FWD_DNS_ZONES 16U
#define FWD_DNS_ELSEWHERE 1U /* not ours: the server asks those whose it is */
struct fwd_dns_zone {
  __u32 cell;
  __u16 name_length; /* 0: none, nor behind it */
  __u16 flags;
} __attribute__((aligned(8))); /* of one store */

#define FWD_DNS_COMPLETE 1U /* every name of the zones stands here: who is absent does not exist */
#define FWD_DNS_RECURSES 2U /* the server asks others for the rest (RA) */
struct fwd_dns_view {
  struct fwd_addr dns4; /* where its pods ask */
  struct fwd_addr dns6;
  __u32 net; /* 0: no view */
  __u32 flags;
  struct fwd_dns_zone zones[FWD_DNS_ZONES];
};

/* Of a whole node: what its names are placed by; 0: not written yet. */
struct fwd_dns_switch {
  __u64 seed;
  __u32 off; /* pods' questions all go to the server */
  __u32 zero;
};

/* The kernel's memory for all networks of a node: 17 MiB, and at most so many names. */
#define FWD_DNS_VIEWS 256U /* a network whose index, modulo this, is another's is the server's alone */
#define FWD_DNS_BUCKETS 16384U
#define FWD_DNS_SLABS 16U
#define FWD_DNS_NAMES 65536U /* half of the slots: then all but none find one */

/* X(name, element, capacity): arrays, memory-mapped. */
#define FWD_DNS_TABLES(X)                                \
  X(dns_switch, struct fwd_dns_switch, 1)                \
  X(dns_views, struct fwd_dns_view, FWD_DNS_VIEWS)       \
  X(dns_buckets, struct fwd_dns_bucket, FWD_DNS_BUCKETS) \
  X(dns_slabs, struct fwd_dns_slab, FWD_DNS_SLABS)

#endif
