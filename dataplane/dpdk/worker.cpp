// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/worker.h"

#include <array>
#include <cstring>
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
#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {
namespace {

// A second edge that hears its neighbour's packets would send them by a ring, without what that one
// remembers.
bool is_for_another(const Frame& frame, std::uint64_t own) {
  constexpr std::uint64_t kMac = 0xffffffffffffU;
  std::uint64_t to = 0;
  if (frame.head < sizeof to) return false;
  std::memcpy(&to, frame.at, sizeof to);
  const bool group = (frame.at[0] & 1U) != 0;
  return !group && (to & kMac) != own;
}

struct Outbox {
  std::array<rte_mbuf*, kBurst> packets;
  std::uint16_t count = 0;
};

class Loop {
 public:
  Loop(Worker& worker, const WorkerOrder& order, Losses& losses)
      : worker_(worker),
        order_(order),
        losses_(losses),
        out_(order.ports.size()),
        burst_(std::make_unique<Burst>()) {}

  // Packets that came by any port.
  std::size_t turn() {
    std::size_t came = 0;
    if (busy_++ % kBusyTurns == 0) beat_ = order_.fixed_beat ? order_.fixed_beat : beat_now();
    for (std::uint32_t port = 0; port < order_.ports.size(); ++port) came += receive(port);
    if (came == 0) busy_ = 0;
    return came;
  }

 private:
  std::size_t receive(std::uint32_t port) {
    std::array<rte_mbuf*, kBurst> came;
    const std::uint16_t count = rte_eth_rx_burst(order_.ports[port].id, order_.queue, came.data(), kBurst);
    if (count == 0) return 0;
    for (std::uint16_t i = 0; i < count; ++i) rte_prefetch0(rte_pktmbuf_mtod(came[i], void*));
    burst_->count = 0;
    take({came.data(), count}, port);
    if (order_.ports[port].is_tap) {
      for (std::size_t i = 0; i < burst_->count; ++i) bring_out(burst_->frames[i], order_.ports[port].other);
    } else {
      run_pipeline(worker_, *burst_, beat_);
      close_frames(*burst_);
      for (std::size_t i = 0; i < burst_->count; ++i) put(burst_->frames[i], burst_->edges[i], port);
    }
    for (std::uint32_t to = 0; to < out_.size(); ++to) send(order_.ports[to], out_[to]);
    return count;
  }

  // What the kernel sends.
  void bring_out(Frame& frame, std::uint32_t device) {
    auto* const buffer = static_cast<rte_mbuf*>(frame.buffer);
    std::uint32_t link = 0;
    const Probed probed = step_probe(worker_, frame, link);
    if (probed == Probed::refused) return rte_pktmbuf_free(buffer);
    if (probed == Probed::sent) close_frame(frame);
    put_into(link ? link - 1 : device, buffer);
  }

  void take(std::span<rte_mbuf*> came, std::uint32_t port) {
    const WorkerPort& by = order_.ports[port];
    Frame as;
    as.link = port + 1;
    as.may_lack_sums = by.may_lack_sums;
    const std::size_t lost = open_frames(came, *burst_, as);
    for (rte_mbuf* const buffer : came.first(lost)) lose(buffer, losses_.nowhere);
    if (by.filter != 0) leave_others(by.filter);
  }

  void leave_others(std::uint64_t own) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < burst_->count; ++i) {
      const Frame& frame = burst_->frames[i];
      if (is_for_another(frame, own))
        lose(static_cast<rte_mbuf*>(frame.buffer), losses_.others);
      else
        burst_->frames[kept++] = frame;
    }
    burst_->count = kept;
  }

  void put(const Frame& frame, const fwd_edge& edge, std::uint32_t port) {
    auto* const buffer = static_cast<rte_mbuf*>(frame.buffer);
    const std::uint32_t host = order_.ports[port].other;
    if (leaves(edge)) {
      const bool sent_on = edge.verdict == FWD_TO_BACKEND || edge.verdict == FWD_TO_CLIENT;
      if (sent_on && edge.link == FWD_LINK_HERE) return put_into(host, buffer);
      const std::uint32_t to = sent_on && edge.link ? edge.link - 1 : port;
      return put_into(to, buffer);
    }
    if (!is_for_the_kernel(edge) || host == kHasItsCopy) return rte_pktmbuf_free(buffer);
    put_into(host, buffer);
  }

  void put_into(std::uint32_t to, rte_mbuf* buffer) {
    if (to >= order_.ports.size()) return lose(buffer, losses_.nowhere);
    Outbox& box = out_[to];
    box.packets[box.count++] = buffer;
  }

  static void lose(rte_mbuf* buffer, __u64& count) {
    rte_pktmbuf_free(buffer);
    add(count, 1);
  }

  void send(const WorkerPort& port, Outbox& box) {
    if (box.count == 0) return;
    const std::uint16_t sent = rte_eth_tx_burst(port.id, order_.queue, box.packets.data(), box.count);
    for (std::uint16_t i = sent; i < box.count; ++i)
      lose(box.packets[i], port.is_tap ? losses_.host : losses_.port);
    box.count = 0;
  }

  Worker& worker_;
  const WorkerOrder& order_;
  Losses& losses_;
  std::vector<Outbox> out_;
  std::unique_ptr<Burst> burst_;
  std::uint64_t beat_ = 0;
  unsigned busy_ = 0;  // turns since one that found nothing
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

void work(Worker& worker, const WorkerOrder& order, Losses& losses) {
  stand_on(order.cpu);
  const bool counted = rte_thread_register() == 0;  // else its buffers come without a cache
  (void)rte_rcu_qsbr_thread_register(order.readers, order.queue);
  rte_rcu_qsbr_thread_online(order.readers, order.queue);
  Loop loop(worker, order, losses);
  for (unsigned turn = 1, empty = 0; !order.stop->load(std::memory_order_relaxed); ++turn) {
    empty = loop.turn() == 0 ? empty + 1 : 0;
    if (empty > 0 || turn % kBusyTurns == 0) rte_rcu_qsbr_quiescent(order.readers, order.queue);
    if (empty >= kEmptyPolls) sleep_away(order.readers, order.queue);
  }
  rte_rcu_qsbr_thread_offline(order.readers, order.queue);
  (void)rte_rcu_qsbr_thread_unregister(order.readers, order.queue);
  if (counted) rte_thread_unregister();
}

}  // namespace fairlead::dpdk
