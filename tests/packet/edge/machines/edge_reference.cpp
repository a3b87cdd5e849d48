// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/edge/machines/edge_reference.h"

#include <cstring>
#include <utility>

#include "dataplane/fwd/edge/context.h"
#include "dataplane/model/diff.h"

struct fwd_machine {
  fairlead::model::EdgeMemory& memory;
  fairlead::test::Bytes& packet;
  std::uint64_t beat;
  fwd_edge_scratch scratch;
};

#include "dataplane/model/edge/memory_machine.h"
#include "dataplane/model/machine/vector_packet.h"

FWD_INLINE __u32 fwd_in_link(fwd_machine*) { return 1; } /* loopback: BPF_PROG_TEST_RUN's */

FWD_INLINE __u64 fwd_beat(fwd_machine* m) { return m->beat; }

FWD_INLINE void fwd_edge_count(fwd_machine*, std::uint32_t, std::uint32_t, int) {}

#include "dataplane/fwd/edge/pipeline.h"

namespace fairlead::test {

EdgeReference::EdgeReference(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets)
    : beat_(beat), heap_(buckets) {
  set_tables(tables);
}

void EdgeReference::set_tables(const model::TableImage& tables) {
  for (const model::TableChange& change : model::diff(std::exchange(tables_, tables), tables))
    if (change.table >= model::TableId::edge_config) heap_->tables.apply(change);
}

EdgeOutcome EdgeReference::run(Bytes packet) {
  fwd_edge context;
  std::memset(&context, 0xa5, sizeof context);  // what an earlier packet may have left is nobody's
  fwd_machine machine{*heap_, packet, beat_, {}};
  std::memset(&machine.scratch, 0x5a, sizeof machine.scratch);
  EdgeOutcome outcome;
  outcome.verdict = fwd_from_outside(&machine, &context);
  if (outcome.verdict == FWD_TO_BACKEND) outcome.server = context.server;
  if (!is_drop(outcome.verdict) || context.answer) outcome.packet = std::move(packet);
  return outcome;
}

}  // namespace fairlead::test
