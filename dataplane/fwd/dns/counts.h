/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What becomes of a query at a pod's veth, once: enums, counters, metric labels
 * and docs come from these lists.
 */
#ifndef FAIRLEAD_FWD_DNS_COUNTS_H
#define FAIRLEAD_FWD_DNS_COUNTS_H

#include <linux/types.h>

/* How a message is to be taken. X(NAME, meaning) */
#define FWD_DNS_KINDS(X)                                           \
  X(PLAIN, "one question, perhaps with EDNS")                      \
  X(SHORT, "shorter than a header")                                \
  X(RESPONSE, "a response, not a query")                           \
  X(OPCODE, "another opcode than QUERY")                           \
  X(QUESTIONS, "none or several questions")                        \
  X(MALFORMED, "not a message: a name or a count leads out of it") \
  X(LARGE, "more octets than are looked at")                       \
  X(RECORDS, "more records than one question and one OPT")         \
  X(OPTIONS, "EDNS with options, as a cookie")                     \
  X(VERSION, "another version of EDNS than 0")

enum fwd_dns_kind {
#define FWD_DNS_ENUM(name, meaning) FWD_DNS_##name,
  FWD_DNS_KINDS(FWD_DNS_ENUM)
#undef FWD_DNS_ENUM
      FWD_DNS_KIND_COUNT
};

/* Why there is no answer from the table, beside the kinds that are not PLAIN. X(NAME, meaning) */
#define FWD_DNS_REASONS(X)                                                  \
  X(CLASS, "another class than IN")                                         \
  X(TYPE, "another type than A, AAAA, SRV and PTR")                         \
  X(FOREIGN, "a name outside our zones")                                    \
  X(SERVER, "a name whose answer only the server has")                      \
  X(INCOMPLETE, "a name that is not in the table, which does not hold all") \
  X(TOO_LARGE, "an answer of more octets than the asker takes by UDP")      \
  X(NO_VIEW, "the network has no table, or answers from it are switched off")

enum fwd_dns_reason {
  FWD_DNS_ANSWERED = 0,
  FWD_DNS_REASONS_FIRST = FWD_DNS_KIND_COUNT - 1,
#define FWD_DNS_ENUM(name, meaning) FWD_DNS_##name##_REASON,
  FWD_DNS_REASONS(FWD_DNS_ENUM)
#undef FWD_DNS_ENUM
      FWD_DNS_REASON_COUNT
};

/* What is counted: answers by what they are, then reasons for none. X(NAME, meaning) */
#define FWD_DNS_ANSWERS(X)                  \
  X(A, "addresses, IPv4")                   \
  X(AAAA, "addresses, IPv6")                \
  X(SRV, "ports")                           \
  X(PTR, "names of addresses")              \
  X(NODATA, "a name without such a record") \
  X(NXDOMAIN, "no such name")
enum fwd_dns_count {
#define FWD_DNS_ENUM(name, meaning) FWD_DNS_COUNT_##name,
  FWD_DNS_ANSWERS(FWD_DNS_ENUM)
#undef FWD_DNS_ENUM
      FWD_DNS_COUNT_REASONS /* the first of them */
};
#define FWD_DNS_COUNTS ((__u32)FWD_DNS_COUNT_REASONS + (__u32)FWD_DNS_REASON_COUNT)

#endif
