// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/trial.h"

#include <algorithm>
#include <cstring>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <string>
#include <utility>

#include "dataplane/dpdk/packets/frames.h"
#include "dataplane/dpdk/pipeline.h"

namespace fairlead::dpdk {
namespace {

// All trials of a process share one: EAL's memory is small without hugepages.
Result<rte_mempool*> buffers() {
  static rte_mempool* const pool =
      rte_pktmbuf_pool_create("trial", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (pool != nullptr) return pool;
  return fail(Code::exhausted, "DPDK", std::string("no memory for packets: ") + rte_strerror(rte_errno),
              "give EAL more megabytes");
}

Result<rte_mbuf*> buffer_of(rte_mempool* pool, std::span<const std::uint8_t> bytes, std::uint32_t segment) {
  rte_mbuf* head = nullptr;
  do {
    rte_mbuf* const one = rte_pktmbuf_alloc(pool);
    if (one == nullptr) {
      rte_pktmbuf_free(head);
      return fail(Code::exhausted, "DPDK", "out of packet buffers", "send smaller packets");
    }
    const auto part = bytes.first(std::min<std::size_t>(segment, bytes.size()));
    std::memcpy(rte_pktmbuf_append(one, static_cast<std::uint16_t>(part.size())), part.data(), part.size());
    bytes = bytes.subspan(part.size());
    if (head == nullptr) {
      head = one;
    } else if (rte_pktmbuf_chain(head, one) != 0) {
      rte_pktmbuf_free(one);
      rte_pktmbuf_free(head);
      return fail(Code::invalid, "packet", "needs too many segments", "give it larger ones");
    }
  } while (!bytes.empty());
  return head;
}

std::vector<std::uint8_t> bytes_of(const rte_mbuf* buffer) {
  std::vector<std::uint8_t> bytes;
  for (; buffer != nullptr; buffer = buffer->next) {
    const auto* const from = rte_pktmbuf_mtod(buffer, const std::uint8_t*);
    bytes.insert(bytes.end(), from, from + rte_pktmbuf_data_len(buffer));
  }
  return bytes;
}

TrialOutcome outcome_of(const Frame& frame, const fwd_edge& edge) {
  close_frame(frame);
  auto* const buffer = static_cast<rte_mbuf*>(frame.buffer);
  rte_mbuf_sanity_check(buffer, 1);
  TrialOutcome outcome;
  outcome.verdict = edge.verdict;
  outcome.leaves = leaves(edge);
  if (edge.verdict == FWD_TO_BACKEND) outcome.server = edge.server;
  if (edge.verdict == FWD_TO_BACKEND || edge.verdict == FWD_TO_CLIENT) outcome.link = edge.link;
  if (outcome.leaves || is_for_the_kernel(edge)) outcome.packet = bytes_of(buffer);
  rte_pktmbuf_free(buffer);
  return outcome;
}

}  // namespace

struct Trial::State {
  State(const TrialOptions& of, rte_mempool* from)
      : options(of), pool(from), heap(of.buckets), worker(*heap) {
    std::memset(burst.edges.data(), 0xa5, sizeof burst.edges);  // what an earlier packet left is nobody's
  }
  TrialOptions options;
  rte_mempool* pool;
  model::EdgeHeap heap;
  Worker worker;
  Burst burst;
};

Trial::Trial(std::unique_ptr<State> state) : state_(std::move(state)) {}
Trial::~Trial() = default;

Result<std::unique_ptr<Trial>> Trial::open(const TrialOptions& options) {
  FL_TRY_OK(start_eal(options.eal));
  FL_TRY(rte_mempool* const pool, buffers());
  return std::unique_ptr<Trial>(new Trial(std::make_unique<State>(options, pool)));
}

Result<std::vector<TrialOutcome>> Trial::run(std::span<const Bytes> packets) {
  std::vector<TrialOutcome> outcomes;
  Burst& burst = state_->burst;
  while (!packets.empty()) {
    burst.count = 0;
    for (const Bytes& packet : packets.first(std::min(kBurst, packets.size()))) {
      FL_TRY(rte_mbuf* const buffer, buffer_of(state_->pool, packet, state_->options.segment));
      Frame& frame = burst.frames[burst.count++];
      frame.link = 1;
      frame.may_lack_sums = state_->options.may_lack_sums;
      (void)open_frame(buffer, frame);  // no tag was taken out
    }
    run_pipeline(state_->worker, burst, state_->options.beat);
    for (std::size_t i = 0; i < burst.count; ++i)
      outcomes.push_back(outcome_of(burst.frames[i], burst.edges[i]));
    packets = packets.subspan(burst.count);
  }
  return outcomes;
}

void Trial::set_beat(std::uint64_t beat) { state_->options.beat = beat; }
model::EdgeMemory& Trial::memory() { return *state_->heap; }
const Worker& Trial::worker() const { return state_->worker; }

}  // namespace fairlead::dpdk
