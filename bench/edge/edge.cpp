// SPDX-License-Identifier: Apache-2.0
#include "bench/edge/edge.h"

#include <algorithm>
#include <stdexcept>

#include "bench/edge/service.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "ebpf/loader/edge/xdp_engine.h"

namespace fairlead::bench {
namespace {

void check(const Result<>& result) {
  if (!result) throw std::runtime_error(format(result.error()));
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(format(result.error()));
  return std::move(*result);
}

}  // namespace

std::uint32_t room_for(std::uint32_t flows) {
  std::uint32_t room = 4096;
  while (room < 2 * flows) room *= 2;
  return room;
}

Edge::Edge(std::uint32_t room, bool all_flows, std::uint32_t limit) : room_(room) {
  engine_ = must(ebpf::XdpEngine::open({.pins = {}, .buckets = room / FWD_BUCKET_FLOWS}));
  const auto image = must(model::lower(service_state(room, all_flows, limit)));
  check(engine_->apply(model::diff({}, image)));
}
Edge::~Edge() = default;

int Edge::program() const { return engine_->program_fd(); }
void Edge::attach(const std::string& link) { check(engine_->attach(link, ebpf::XdpMode::native)); }
void Edge::detach(const std::string& link) { check(engine_->detach(link)); }
void Edge::forget() { std::ranges::fill(engine_->memory().edge_flows, fwd_edge_bucket{}); }

std::uint32_t Edge::remembered() const {
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < room_ / FWD_BUCKET_FLOWS; ++i)
    for (const __u64 word : engine_->memory().edge_flows[i].flow) count += word != 0;
  return count;
}

std::uint64_t Edge::sent() const {
  std::uint64_t packets = 0;
  for (std::uint32_t server = 1; server <= kServers; ++server)
    packets += must(engine_->served(server)).packets;
  return packets;
}

std::uint64_t Edge::refused() const { return must(engine_->verdicts())[FWD_SERVICE_LIMIT].packets; }

}  // namespace fairlead::bench
