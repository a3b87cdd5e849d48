// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/edge/machines/edge_kernel.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "tests/packet/test_run.h"
#include "tests/support/must.h"

namespace fairlead::test {
EdgeKernel::Loaded& EdgeKernel::load(std::uint32_t buckets) {
  static std::map<std::uint32_t, Loaded> all;
  Loaded& loaded = all[buckets];
  if (loaded.edge) return loaded;
  loaded.edge = must(ebpf::XdpEngine::open({.pins = {}, .buckets = buckets, .fixed_beat = 1}));
  loaded.counters = must(loaded.edge->verdicts());
  return loaded;
}

EdgeKernel::EdgeKernel(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets)
    : loaded_(load(buckets)) {
  set_beat(beat);
  set_tables(tables);
#define CLEAR(name, element, capacity)           \
  std::ranges::fill(loaded_.edge->memory().name, \
                    std::ranges::range_value_t<decltype(loaded_.edge->memory().name)>{});
  FWD_EDGE_STATE(CLEAR)
#undef CLEAR
}

void EdgeKernel::set_tables(const model::TableImage& tables) {
  must(loaded_.edge->apply(model::diff(loaded_.tables, tables)));
  loaded_.tables = tables;
}

// What the program said of its one packet: the verdict that was counted since.
std::uint32_t EdgeKernel::counted() {
  const auto before = std::exchange(loaded_.counters, must(loaded_.edge->verdicts()));
  for (std::uint32_t verdict = 0; verdict < before.size(); ++verdict)
    if (loaded_.counters[verdict].packets != before[verdict].packets) return verdict;
  return FWD_TO_BACKEND;  // counted with its server
}

std::uint32_t EdgeKernel::served() {
  std::uint32_t found = 0;
  for (const auto& [key, value] : loaded_.tables[model::TableId::edge_servers]) {
    const auto server = model::row_from<std::uint32_t>(key);
    const std::uint64_t packets = must(loaded_.edge->served(server)).packets;
    if (std::exchange(loaded_.served[server], packets) != packets) found = server;
  }
  return found;
}

EdgeOutcome EdgeKernel::run(const Bytes& packet) {
  Bytes out;
  bpf_test_run_opts options = test_run_of(packet, out);
  test_run(loaded_.edge->program_fd(), options);
  EdgeOutcome outcome;
  outcome.verdict = counted();
  const bool kernels = outcome.verdict == FWD_PASS || outcome.verdict == FWD_TUNNEL_ERROR;
  const std::uint32_t action = kernels ? 2 : is_drop(outcome.verdict) ? 1 : 3;
  const bool may_answer = outcome.verdict == FWD_TOO_BIG || outcome.verdict == FWD_TTL_EXPIRED;
  const bool answered = may_answer && options.retval == 3;
  if (options.retval != action && !answered)
    throw std::runtime_error("XDP action " + std::to_string(options.retval) + " for verdict " +
                             verdict_name(outcome.verdict));
  if (outcome.verdict == FWD_TO_BACKEND) outcome.server = served();
  out.resize(options.data_size_out);
  if (options.retval != 1) outcome.packet = std::move(out);
  return outcome;
}

}  // namespace fairlead::test
