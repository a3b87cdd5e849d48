// SPDX-License-Identifier: Apache-2.0
// The DPDK engine's machine: a frame's bytes, the edge's memory, the burst's time.
// What does not stand in the frame's first segment cannot be read or written, and
// what would need more room before it than there is fails: the semantics then end
// the packet by name.
#pragma once

#include <cstring>

#include "dataplane/dpdk/burst.h"

struct fwd_machine {
  fairlead::model::EdgeMemory& memory;
  fwd_edge_scratch& scratch;
  fairlead::dpdk::Worker& worker;
  fairlead::dpdk::Frame* frame;  // of the packet that is worked on

  explicit fwd_machine(fairlead::dpdk::Worker& of, fairlead::dpdk::Frame* packet = nullptr)
      : memory(of.memory), scratch(of.scratch), worker(of), frame(packet) {}
};

#include "dataplane/model/edge/memory_machine.h"

FWD_INLINE __u32 fwd_packet_length(fwd_machine* m) { return m->frame->length; }
FWD_INLINE __u32 fwd_whole_length(fwd_machine*, __u32 length) { return length; }

FWD_INLINE int fwd_load(fwd_machine* m, __u32 offset, void* to, __u32 length) {
  if (FWD_SELDOM(std::uint64_t{offset} + length > m->frame->head)) return 1;
  std::memcpy(to, m->frame->at + offset, length);
  return 0;
}

FWD_INLINE int fwd_store(fwd_machine* m, __u32 offset, const void* from, __u32 length) {
  if (FWD_SELDOM(std::uint64_t{offset} + length > m->frame->head)) return 1;
  std::memcpy(m->frame->at + offset, from, length);
  return 0;
}

FWD_INLINE __u8* fwd_front(fwd_machine* m, int grow, __u8*, __u32 length) {
  fairlead::dpdk::Frame& frame = *m->frame;
  const std::int64_t room = std::int64_t{frame.room} - grow, head = std::int64_t{frame.head} + grow;
  if (FWD_SELDOM(room < 0 || head < length)) return nullptr;
  frame.at -= grow;
  frame.room = static_cast<__u32>(room);
  frame.head = static_cast<__u32>(head);
  frame.length = static_cast<__u32>(std::int64_t{frame.length} + grow);
  return frame.at;
}
FWD_INLINE int fwd_front_end(fwd_machine*, const __u8*, __u32) { return 0; }

// Never longer; segments behind the first go with the end.
FWD_INLINE int fwd_trim(fwd_machine* m, __u32 length) {
  if (length > m->frame->head) return 1;
  m->frame->head = m->frame->length = length;
  return 0;
}

FWD_INLINE __u32 fwd_in_link(fwd_machine* m) { return m->frame->link; }
FWD_INLINE __u64 fwd_beat(fwd_machine* m) { return m->worker.beat; }

FWD_INLINE void fwd_edge_count(fwd_machine* m, __u32 server, __u32 bytes, int is_new) {
  if (FWD_SELDOM(server >= FWD_EDGE_SERVERS)) return;
  fwd_edge_served& served = m->worker.served[server];
  fairlead::dpdk::add(served.packets, 1);
  fairlead::dpdk::add(served.bytes, bytes);
  if (is_new) fairlead::dpdk::add(served.flows, 1);
}

#include "dataplane/fwd/edge/pipeline.h"
