// SPDX-License-Identifier: Apache-2.0
// Who takes each packet, the way there, written into the frame, and the verdict, which is counted; one packet
// after another as they came: what one writes into the tables, the next one reads.
#include <ctime>

#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {
namespace {

std::uint64_t coarse_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000U + static_cast<std::uint64_t>(now.tv_nsec);
}

void remember(fwd_last_drop& last, const fwd_edge& e) {
  const bool ports = fwd_has_ports(&e.pkt);
  fwd_last_drop now{};
  now.time = coarse_now();
  now.sport_be = ports ? e.pkt.sport_be : __be16{0};
  now.dport_be = ports ? e.pkt.dport_be : __be16{0};
  now.src = e.pkt.src;
  now.dst = e.pkt.dst;
  now.family = e.pkt.family;
  now.proto = e.pkt.proto;
  last = now;
}

// Who takes the packet. One without ports is looked at here, for fragments ask what choosing their first one
// left.
int choose(fwd_machine& m, fwd_edge& e, const fwd_edge_config* config, int done) {
  if (done == FWD_NEXT) return fwd_edge_server_stage(&m, &e, config);
  if (done != FWD_PORTLESS) return done;
  done = fwd_edge_portless(&m, &e, config);
  return done == FWD_NEXT ? fwd_edge_choose(&m, &e, config) : done;
}

// Packets one after another that ended alike, counted together.
class Alike {
 public:
  explicit Alike(Worker& worker) : worker_(worker) {}
  ~Alike() { write(); }
  Alike(const Alike&) = delete;
  Alike& operator=(const Alike&) = delete;

  void add(std::uint32_t verdict, std::uint32_t bytes) {
    if (verdict != verdict_) {
      write();
      verdict_ = verdict;
      packets_ = bytes_ = 0;
    }
    ++packets_;
    bytes_ += bytes;
  }

 private:
  void write() {
    dpdk::add(worker_.counters[verdict_].packets, packets_);
    dpdk::add(worker_.counters[verdict_].bytes, bytes_);
  }
  Worker& worker_;
  std::uint32_t verdict_ = 0;
  std::uint64_t packets_ = 0, bytes_ = 0;
};

}  // namespace

std::size_t step_deliver(Worker& worker, Burst& burst) {
  fwd_machine m(worker);
  Alike alike(worker);
  for (std::size_t i = 0; i < burst.count; ++i) {
    m.frame = &burst.frames[i];
    fwd_edge& e = burst.edges[i];
    const int done = choose(m, e, worker.config, burst.done[i]);
    e.verdict = static_cast<__u32>(fwd_edge_way_stage(&m, &e, worker.config, done));
    if (e.verdict == FWD_TO_BACKEND) fwd_edge_count(&m, e.server, m.frame->bytes, static_cast<int>(e.is_new));
    alike.add(e.verdict, m.frame->bytes);
    if (e.verdict >= FWD_FIRST_DROP) remember(worker.last_drops[e.verdict], e);
  }
  return burst.count;
}

}  // namespace fairlead::dpdk
