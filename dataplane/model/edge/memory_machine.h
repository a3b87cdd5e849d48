// SPDX-License-Identifier: Apache-2.0
// The tables of an edge machine whose tables are EdgeMemory: the tests' reference,
// DPDK, and `fairlead lb why`. Include it behind the definition of
//
//     struct fwd_machine { fairlead::model::EdgeMemory& memory; fwd_edge_scratch scratch; ... };
//
// in a source that then defines the machine's bytes and time.
#pragma once

#include "dataplane/fwd/edge/aside.h"
#include "dataplane/fwd/edge/flow/limit.h"
#include "dataplane/fwd/edge/machine.h"
#include "dataplane/model/edge/edge_memory.h"
#include "dataplane/model/machine/repeat.h"

#define FL_FIND(name, engine, key_type, value_type, capacity)                                           \
  FWD_INLINE const value_type* fwd_find_##name(fwd_machine* m, std::uint32_t index) {                   \
    return static_cast<const value_type*>(m->memory.tables.row(fairlead::model::TableId::name, index)); \
  }
FWD_EDGE_TABLES(FL_FIND)
#undef FL_FIND

#define FL_AT(name, element, capacity)                                       \
  FWD_INLINE element* fwd_##name##_at(fwd_machine* m, std::uint32_t index) { \
    return index < m->memory.name.size() ? &m->memory.name[index] : nullptr; \
  }
FWD_EDGE_STATE(FL_AT)
#undef FL_AT

FWD_INLINE int fwd_edge_put(fwd_machine* m, __u64 word, __u32 first, __u32 second, __u32 tick) {
  return fwd_word_put(m, word, first, second, tick);
}

FWD_INLINE int fwd_edge_ask(fwd_machine* m, const fwd_asking* asking) { return fwd_limit_ask(m, asking); }

FWD_INLINE int fwd_edge_aside(fwd_machine* m, fwd_edge* e, __u32 what, __u32 limit) {
  return fwd_aside(m, e, what, limit);
}

FWD_INLINE fwd_edge_scratch* fwd_scratch(fwd_machine* m) { return &m->scratch; }

FWD_INLINE void fwd_forget(fwd_machine*, fwd_edge*) {}
