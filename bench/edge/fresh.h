/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes frames fresh: the headers that each gets (fresh.bpf.h), and where those of its flow stand. In
 * the memory of a BPF program; who starts the runs fills it (frame.h).
 */
#ifndef FAIRLEAD_BENCH_FRESH_H
#define FAIRLEAD_BENCH_FRESH_H

#include <linux/types.h>

#define HEADERS 96 /* bytes of a frame that are written anew */

struct fresh {
  __u8 headers[HEADERS];
  __u32 frame_bytes;
  __u32 address_at; /* of 4 bytes of the source's address, */
  __u32 port_at;    /* and of its port, behind which stands */
  __u32 port;       /* that of the service */
  __u32 flows;      /* how many there are, one after another */
  __u32 flow;       /* the next */
  __u32 beside;     /* not 0: every other frame is of a flood, */
  __u32 flood_flow; /* each of another flow */
  __u8 flood[HEADERS];
};

#endif
