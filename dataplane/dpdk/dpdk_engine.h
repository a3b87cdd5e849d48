// SPDX-License-Identifier: Apache-2.0
// DpdkEngine: an edge's packets by DPDK, on threads and ports of this process.
//
//   open -> apply -> start -> apply ...
//
// Each worker is a thread on a CPU of its own that takes bursts of 32 from its queue of every port, runs them
// to completion (pipeline.h) and sends them. Rows are written in place, word by word, while workers read;
// apply() waits until each has ended the burst that it was in (RCU, quiescent states) before rows go. A
// worker that has found nothing 256 times sleeps 50 us at a time until it finds something.
//
// What is not for a service (PASS), ARP with it, is the kernel's: of net_af_packet it has its own copy; of
// other devices it is dropped and counted in `unsent`, so these serve links that carry nothing else.
//
// With `keep` all that packets read and write stands in a file (memory/kept_memory.h): the next process finds
// it there. Counts are this process's.
//
// A process has one EAL: a second engine has the same memory options, and other devices while the first is
// there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/dpdk/eal/eal.h"
#include "dataplane/model/edge/edge_engine.h"

namespace fairlead::dpdk {

struct DpdkOptions {
  std::vector<std::string> devices;  // as DPDK names them: "net_af_packet0,iface=eth1"; port 1 is the first
  std::vector<std::string> taps;     // links, made where they are not there, for those devices in turn that
                                     // the kernel does not see; set up, and never down
  bool vhost = false;                // net_virtio_user instead of net_tap: the kernel has vhost-net
  unsigned workers = 1;
  EalOptions eal;
  std::uint32_t buckets = 262144;  // of the flow table, a power of two; 8 flows each
  std::filesystem::path keep;      // the memory's file, in a tmpfs; empty: the heap
  std::uint64_t fixed_beat = 0;    // tests: the time; 0: the clock
};

class DpdkEngine final : public model::EdgeEngine {
 public:
  static Result<std::unique_ptr<DpdkEngine>> open(const DpdkOptions& options);
  ~DpdkEngine() override;  // stops the workers and gives the ports back

  Result<> start();  // once: packets are taken from here on

  std::string_view name() const override { return "dpdk"; }
  Result<> apply(const model::TablePatch& patch) override;
  const model::EdgeMemory& memory() const override;
  std::uint64_t beat() const override;
  bool forgot_flows() const override;
  Result<std::vector<fwd_counter>> counters() const override;
  Result<std::vector<fwd_last_drop>> last_drops() const override;
  Result<fwd_edge_served> served(std::uint32_t server) const override;
  Result<std::vector<model::EdgePort>> ports() const override;
  Result<std::vector<model::EdgeStage>> stages() const override;
  std::vector<model::EdgeLoss> losses() const override;
  void steer_probes(std::uint16_t port, std::uint32_t server) override;

 private:
  struct State;
  explicit DpdkEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::dpdk
