// SPDX-License-Identifier: Apache-2.0
#include "bench/lb_dpdk/loops.h"

#include <algorithm>
#include <array>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <stdexcept>

#include "bench/edge/service.h"
#include "bench/support/run.h"
#include "dataplane/dpdk/memory/huge_pages.h"
#include "dataplane/dpdk/worker.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"

namespace fairlead::bench {
namespace {

constexpr std::size_t kBurst = dpdk::kBurst;

// Bursts from the port and back into it, until the packets are over. Registered as the worker's thread is:
// without a number of its own a thread has no cache of buffers, and each burst is had from the pool that all
// cores share.
template <class Change>
void turn(Generator& packets, const Change& change) {
  if (rte_thread_register() != 0) throw std::runtime_error("DPDK: no room for a thread");
  std::array<rte_mbuf*, kBurst> burst;
  while (!packets.over().load(std::memory_order_relaxed)) {
    const std::uint16_t count = rte_eth_rx_burst(packets.port(), 0, burst.data(), kBurst);
    for (std::uint16_t i = 0; i < count; ++i) change(rte_pktmbuf_mtod(burst[i], std::uint8_t*));
    const std::uint16_t sent = rte_eth_tx_burst(packets.port(), 0, burst.data(), count);
    for (std::uint16_t i = sent; i < count; ++i) rte_pktmbuf_free(burst[i]);
  }
  rte_thread_unregister();
}

void swap(std::uint8_t* at, std::uint32_t first, std::uint32_t second, std::uint32_t length) {
  std::swap_ranges(at + first, at + first + length, at + second);
}

}  // namespace

void io_loop(Generator& packets) {
  turn(packets, [](std::uint8_t*) {});
}

void swap_loop(Generator& packets) {
  turn(packets, [](std::uint8_t* at) {
    swap(at, 0, 6, 6);
    swap(at, 26, 30, 4);
    swap(at, 34, 36, 2);
  });
}

struct EdgeLoop::State {
  explicit State(std::uint32_t room) : memory(room / FWD_BUCKET_FLOWS), worker(*memory) {
    dpdk::use_huge_pages(*memory);  // as the engine does
  }
  model::EdgeHeap memory;
  dpdk::Worker worker;
  dpdk::Losses losses;
  rte_rcu_qsbr* readers = nullptr;
};

EdgeLoop::EdgeLoop(std::uint32_t room) : state_(std::make_unique<State>(room)) {
  auto image = model::lower(service_state(room, true));
  if (!image) throw std::runtime_error(format(image.error()));
  const model::TableImage nothing;
  for (const model::TableChange& change : model::diff(nothing, *image))
    if (change.table >= model::TableId::edge_config) (*state_->memory).tables.apply(change);
  state_->readers = static_cast<rte_rcu_qsbr*>(rte_zmalloc("bench", rte_rcu_qsbr_get_memsize(1), 64));
  if (state_->readers == nullptr || rte_rcu_qsbr_init(state_->readers, 1) != 0)
    throw std::runtime_error("DPDK: no memory");
}

EdgeLoop::~EdgeLoop() { rte_free(state_->readers); }

void EdgeLoop::run(Generator& packets) {
  const dpdk::WorkerPort port{.id = packets.port()};
  const dpdk::WorkerOrder order{.ports = {&port, 1},
                                .queue = 0,
                                .cpu = last_core(),
                                .readers = state_->readers,
                                .stop = &packets.over()};
  dpdk::work(state_->worker, order, state_->losses);
}

std::uint64_t EdgeLoop::sent() const { return state_->worker.counters[FWD_TO_BACKEND].packets; }

std::uint64_t EdgeLoop::remembered() const {
  std::uint64_t count = 0;
  for (const fwd_edge_bucket& bucket : (*state_->memory).edge_flows)
    for (const __u64 word : bucket.flow) count += word != 0;
  return count;
}

std::uint64_t EdgeLoop::table_bytes() const {
  return (*state_->memory).edge_flows.size() * sizeof(fwd_edge_bucket);
}

}  // namespace fairlead::bench
