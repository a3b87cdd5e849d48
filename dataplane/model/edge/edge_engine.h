// SPDX-License-Identifier: Apache-2.0
// EdgeEngine: what moves an edge's packets, as its daemon sees it: XDP programs in
// the kernel (ebpf/loader/edge) or DPDK on cores of its own (dataplane/dpdk). One
// thread calls it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/model/edge/edge_memory.h"
#include "dataplane/model/table_image.h"

namespace fairlead::model {

// A port of the edge as it is: a link of the kernel or a DPDK device.
struct EdgePort {
  std::string name;          // "eth1"; DPDK: the device, "net_af_packet0"
  std::uint32_t number = 0;  // EdgeServer::link: the link's index; DPDK: the port's, counted from 1
  std::string mode;          // "native", "generic"; DPDK: the driver, "net_ring"
};

// A step of the pipeline, in its order: packets that came to it, cycles that it took (DPDK).
struct EdgeStage {
  std::string name;
  std::uint64_t packets = 0;
  std::optional<std::uint64_t> cycles;
};

// Packets that the engine had no place for, beside what verdicts count.
struct EdgeLoss {
  std::string name, meaning;  // "PORT_FULL"
  std::uint64_t packets = 0;
};

constexpr std::uint32_t kMaxEdgeWorkers = 64;  // of an engine that has threads of its own

class EdgeEngine {
 public:
  virtual ~EdgeEngine() = default;
  virtual std::string_view name() const = 0;  // "xdp", "dpdk"

  // Rows in the order of the patch; waits for packets that still read what the patch takes away.
  virtual Result<> apply(const TablePatch& patch) = 0;
  // Tables as they stand and what packets wrote: for adoption, `flows`, `why`. Not to be written.
  virtual const EdgeMemory& memory() const = 0;
  virtual std::uint64_t beat() const = 0;  // the engine's time (dataplane/fwd/edge/rows.h)
  // An earlier run's flows are of another FWD_EDGE_STATE_VERSION: they choose anew.
  virtual bool forgot_flows() const = 0;

  // Sums over all cores since the tables were made.
  virtual Result<std::vector<fwd_counter>> counters() const = 0;      // by verdict
  virtual Result<std::vector<fwd_last_drop>> last_drops() const = 0;  // by verdict, the newest of all cores
  virtual Result<fwd_edge_served> served(std::uint32_t server) const = 0;
  virtual Result<std::vector<EdgePort>> ports() const = 0;
  virtual Result<std::vector<EdgeStage>> stages() const = 0;
  virtual std::vector<EdgeLoss> losses() const { return {}; }

  // What this machine sends from a TCP port to a service is about that server, until the port is another's.
  // XDP is told by the socket's mark instead.
  virtual void steer_probes(std::uint16_t port, std::uint32_t server) = 0;
};

}  // namespace fairlead::model
