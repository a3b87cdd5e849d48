// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/worker.h"

#include <array>
#include <ctime>
#include <memory>
#include <pthread.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_rcu_qsbr.h>
#include <sched.h>
#include <unistd.h>
#include <vector>

#include "dataplane/dpdk/packets/frames.h"
#include "dataplane/dpdk/pipeline.h"

namespace fairlead::dpdk {
namespace {

struct Outbox {
  std::array<rte_mbuf*, kBurst> packets;
  std::uint16_t count = 0;
};

class Loop {
 public:
  Loop(Worker& worker, const WorkerOrder& order, __u64& unsent)
      : worker_(worker),
        order_(order),
        unsent_(unsent),
        out_(order.ports.size()),
        burst_(std::make_unique<Burst>()) {}

  // Packets that came by any port.
  std::size_t turn() {
    std::size_t came = 0;
    for (std::uint32_t port = 0; port < order_.ports.size(); ++port) came += receive(port);
    return came;
  }

 private:
  std::size_t receive(std::uint32_t port) {
    std::array<rte_mbuf*, kBurst> came;
    const std::uint16_t count = rte_eth_rx_burst(order_.ports[port].id, order_.queue, came.data(), kBurst);
    if (count == 0) return 0;
    for (std::uint16_t i = 0; i < count; ++i) rte_prefetch0(rte_pktmbuf_mtod(came[i], void*));
    burst_->count = 0;
    for (std::uint16_t i = 0; i < count; ++i) take(came[i], port);
    run_pipeline(worker_, *burst_, order_.fixed_beat ? order_.fixed_beat : beat_now());
    for (std::size_t i = 0; i < burst_->count; ++i) put(burst_->frames[i], burst_->edges[i], port);
    for (std::uint32_t to = 0; to < out_.size(); ++to) send(order_.ports[to].id, out_[to]);
    return count;
  }

  void take(rte_mbuf* buffer, std::uint32_t port) {
    Frame& frame = burst_->frames[burst_->count];
    if (!open_frame(buffer, frame)) return lose(buffer);
    frame.link = port + 1;
    frame.may_lack_sums = order_.ports[port].may_lack_sums;
    ++burst_->count;
  }

  void put(const Frame& frame, const fwd_edge& edge, std::uint32_t port) {
    close_frame(frame);
    auto* const buffer = static_cast<rte_mbuf*>(frame.buffer);
    if (leaves(edge)) {
      const bool sent_on = edge.verdict == FWD_TO_BACKEND || edge.verdict == FWD_TO_CLIENT;
      const std::uint32_t to = sent_on && edge.link ? edge.link - 1 : port;
      return to < out_.size() ? keep(out_[to], buffer) : lose(buffer);
    }
    const bool lost = edge.verdict == FWD_PASS && !order_.ports[port].kernel_sees_all;
    return lost ? lose(buffer) : rte_pktmbuf_free(buffer);
  }

  static void keep(Outbox& box, rte_mbuf* buffer) { box.packets[box.count++] = buffer; }

  void lose(rte_mbuf* buffer) {
    rte_pktmbuf_free(buffer);
    add(unsent_, 1);
  }

  void send(std::uint16_t port, Outbox& box) {
    if (box.count == 0) return;
    const std::uint16_t sent = rte_eth_tx_burst(port, order_.queue, box.packets.data(), box.count);
    for (std::uint16_t i = sent; i < box.count; ++i) lose(box.packets[i]);
    box.count = 0;
  }

  Worker& worker_;
  const WorkerOrder& order_;
  __u64& unsent_;
  std::vector<Outbox> out_;
  std::unique_ptr<Burst> burst_;
};

void sleep_away(rte_rcu_qsbr* readers, std::uint16_t number) {
  rte_rcu_qsbr_thread_offline(readers, number);
  ::usleep(kSleep_us);
  rte_rcu_qsbr_thread_online(readers, number);
}

void stand_on(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(cpu), &one);
  ::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
}

}  // namespace

std::uint64_t beat_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  constexpr std::uint64_t kNanos = 1000000000U / FWD_BEATS_PER_SECOND;
  return static_cast<std::uint64_t>(now.tv_sec) * FWD_BEATS_PER_SECOND +
         static_cast<std::uint64_t>(now.tv_nsec) / kNanos;
}

void work(Worker& worker, const WorkerOrder& order, __u64& unsent) {
  stand_on(order.cpu);
  const bool counted = rte_thread_register() == 0;  // else its buffers come without a cache
  (void)rte_rcu_qsbr_thread_register(order.readers, order.queue);
  rte_rcu_qsbr_thread_online(order.readers, order.queue);
  Loop loop(worker, order, unsent);
  for (unsigned empty = 0; !order.stop->load(std::memory_order_relaxed);) {
    empty = loop.turn() == 0 ? empty + 1 : 0;
    rte_rcu_qsbr_quiescent(order.readers, order.queue);
    if (empty >= kEmptyPolls) sleep_away(order.readers, order.queue);
  }
  rte_rcu_qsbr_thread_offline(order.readers, order.queue);
  (void)rte_rcu_qsbr_thread_unregister(order.readers, order.queue);
  if (counted) rte_thread_unregister();
}

}  // namespace fairlead::dpdk
