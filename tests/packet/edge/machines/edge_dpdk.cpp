// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/edge/machines/edge_dpdk.h"

#include <stdexcept>
#include <utility>

#include "dataplane/model/diff.h"
#include "tests/support/must.h"

namespace fairlead::test {
namespace {

dpdk::TrialOptions options_of(std::uint64_t beat, std::uint32_t buckets) {
  dpdk::TrialOptions options;
  options.beat = beat;
  options.buckets = buckets;
  return options;
}

}  // namespace

EdgeDpdk::EdgeDpdk(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets)
    : EdgeDpdk(tables, options_of(beat, buckets)) {}

EdgeDpdk::EdgeDpdk(const model::TableImage& tables, const dpdk::TrialOptions& options)
    : trial_(must(dpdk::Trial::open(options))) {
  set_tables(tables);
}

void EdgeDpdk::set_tables(const model::TableImage& tables) {
  const model::TablePatch patch = model::diff(std::exchange(tables_, tables), tables);
  const auto nobody_reads = []() -> Result<> { return {}; };
  if (const auto done = model::apply_to(trial_->memory().tables, patch, nobody_reads); !done)
    throw std::runtime_error(format(done.error()));
}

EdgeOutcome EdgeDpdk::run(const Bytes& packet) { return run(std::span(&packet, 1)).front(); }

std::vector<EdgeOutcome> EdgeDpdk::run(std::span<const Bytes> packets) {
  std::vector<EdgeOutcome> outcomes;
  for (dpdk::TrialOutcome& of : must(trial_->run(packets)))
    outcomes.push_back({of.verdict, of.server, std::move(of.packet)});
  return outcomes;
}

}  // namespace fairlead::test
