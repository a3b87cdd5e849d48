// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/edge/edge_reference.h"

#include <array>
#include <cstring>

#include "dataplane/fwd/edge/flow.h"
#include "dataplane/fwd/edge/machine.h"

struct fwd_machine {
  fairlead::test::EdgeReference& tables;
  fairlead::test::Bytes& packet;
};

#define FIND(name, engine, key_type, value_type, capacity)                                       \
  FWD_INLINE const value_type* fwd_find_##name(fwd_machine* m, std::uint32_t index) {            \
    return static_cast<const value_type*>(m->tables.row(fairlead::model::TableId::name, index)); \
  }
FWD_EDGE_TABLES(FIND)
#undef FIND

FWD_INLINE fwd_edge_bucket* fwd_edge_bucket_of(fwd_machine* m, std::uint32_t index) {
  return m->tables.bucket(index);
}

FWD_INLINE fwd_edge_bucket* fwd_edge_datagrams_of(fwd_machine* m, std::uint32_t index) {
  return m->tables.datagrams(index);
}

FWD_INLINE std::uint32_t fwd_packet_length(fwd_machine* m) {
  return static_cast<std::uint32_t>(m->packet.size());
}

FWD_INLINE int fwd_load(fwd_machine* m, std::uint32_t offset, void* to, std::uint32_t length) {
  if (std::size_t{offset} + length > m->packet.size()) return 1;
  std::memcpy(to, m->packet.data() + offset, length);
  return 0;
}

FWD_INLINE int fwd_store(fwd_machine* m, std::uint32_t offset, const void* from, std::uint32_t length) {
  if (std::size_t{offset} + length > m->packet.size()) return 1;
  std::memcpy(m->packet.data() + offset, from, length);
  return 0;
}

FWD_INLINE int fwd_front(fwd_machine* m, int grow, const void* from, std::uint32_t length) {
  if (grow > 0) m->packet.insert(m->packet.begin(), static_cast<std::size_t>(grow), 0);
  if (grow < 0) m->packet.erase(m->packet.begin(), m->packet.begin() - grow);
  return fwd_store(m, 0, from, length);
}

FWD_INLINE std::uint32_t fwd_tick(fwd_machine* m) { return m->tables.tick(); }

FWD_INLINE void fwd_repeat(std::uint32_t times, fwd_step step, void* state) {
  for (std::uint32_t turn = 0; turn < times; ++turn)
    if (step(turn, state) != 0) return;
}

FWD_INLINE int fwd_edge_put(fwd_machine* m, __u64 word, __u32 first, __u32 second, __u32 tick) {
  return fwd_word_put(m, word, first, second, tick);
}

FWD_INLINE void fwd_edge_count(fwd_machine*, std::uint32_t, std::uint32_t, int) {}

#include "dataplane/fwd/edge/pipeline.h"

namespace fairlead::test {

const void* EdgeReference::row(model::TableId table, std::uint32_t index) const {
  static constexpr std::array<std::uint64_t, 16> kZeroRow{};
  if (index >= model::info(table).capacity) return nullptr;
  const auto found = tables_[table].find(model::bytes_of(index));
  return found ? found->data() : static_cast<const void*>(kZeroRow.data());
}

EdgeOutcome EdgeReference::run(Bytes packet) {
  fwd_edge context;
  std::memset(&context, 0xa5, sizeof context);  // what an earlier packet may have left is nobody's
  fwd_machine machine{*this, packet};
  EdgeOutcome outcome;
  outcome.verdict = fwd_from_outside(&machine, &context);
  if (outcome.verdict == FWD_TO_BACKEND) outcome.server = context.server;
  if (!is_drop(outcome.verdict)) outcome.packet = std::move(packet);
  return outcome;
}

}  // namespace fairlead::test
