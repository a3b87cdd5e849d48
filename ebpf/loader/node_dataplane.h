// SPDX-License-Identifier: Apache-2.0
// NodeDataplane: a node's two tc programs and their tables in the kernel.
// open() loads the programs and adopts the tables that an earlier run left
// pinned, so that forwarding goes on with every daemon dead; attach replaces a
// running program without a gap. Nothing is detached when the object goes.
//
//   open -> (attach_pod | attach_uplink | detach | apply)* ; remove when the node goes
//
// Tables of another FWD_ABI_VERSION stay in use, with their programs, until the
// new ones are filled: after the first whole apply() comes finish_migration().
//
// One thread. Every call needs CAP_BPF and CAP_NET_ADMIN in the node's network
// namespace, and a bpf file system at /sys/fs/bpf.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "dataplane/model/table_image.h"
#include "ebpf/loader/flows/migration.h"
#include "ebpf/loader/pins.h"

namespace fairlead::ebpf {

struct DataplaneOptions {
  std::filesystem::path pins;            // see pin_folder; empty: nothing is pinned (tests)
  std::uint32_t flow_capacity = 262144;  // entries; a flow has two. Tables found pinned keep theirs
  std::uint32_t fixed_now = 0;           // tests: seconds to take for the time; 0: the clock
  std::uint64_t fixed_random = 0;        // tests: what sets of addresses are shuffled by; 0: chance
  const std::vector<FlowStep>* flow_steps =
      nullptr;  // tests: between versions of theirs; none: migration.h's
};

// /sys/fs/bpf/fairlead/CLUSTER/NODE/vABI
std::filesystem::path pin_folder(const std::string& cluster, const std::string& node);

struct VerdictCount {
  std::string name;  // as in dataplane/fwd/verdicts.h
  std::string meaning;
  bool drop = false;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::string last_flow;  // of a drop: "tcp 10.244.0.2:40000 > 10.96.0.20:443"; empty: none, or no IP packet
};

struct FlowCount {
  std::uint32_t entries = 0;  // after the sweep
  std::uint32_t removed = 0;
  std::uint32_t capacity = 0;
};

class NodeDataplane {
 public:
  static Result<std::unique_ptr<NodeDataplane>> open(const DataplaneOptions& options);
  ~NodeDataplane();

  // Host side of a pod's veth, or the far side of the host endpoint. Idempotent;
  // replaces an older program in one step.
  Result<> attach_pod(std::uint32_t ifindex);
  Result<> attach_uplink(std::uint32_t ifindex);
  Result<> detach(std::uint32_t ifindex);  // idempotent; the program has stopped when it returns

  // Rows in the order of the patch. Waits for packets that still read rows which
  // the patch reuses. On an error the changes before it stand: read_image() and
  // diff again.
  Result<> apply(const model::TablePatch& patch);
  Result<model::TableImage> read_image() const;

  // The tables hold everything: links that a program of another version still
  // serves get ours, with their flows, and the old pins go. Idempotent.
  Result<> finish_migration();

  Result<std::vector<VerdictCount>> verdicts() const;

  // Takes out flows that are idle for longer than their state allows, and those
  // of addresses that are gone from this node.
  Result<FlowCount> sweep_flows(std::uint32_t network, const std::vector<IpAddress>& gone);

  // For tests by BPF_PROG_TEST_RUN.
  int program_fd(bool from_wire) const;
  int map_fd(const std::string& name) const;

 private:
  struct State;
  explicit NodeDataplane(std::unique_ptr<State> state);
  Result<> attach(std::uint32_t ifindex, int program);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::ebpf
