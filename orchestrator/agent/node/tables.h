// SPDX-License-Identifier: Apache-2.0
// The node's tables in the kernel: compile, lower, diff, apply, as one
// operation, on what the kernel holds now. Also the programs on the links. Any
// thread may call; one call at a time is let in.
//
// A publication that fails half-way leaves tables of which every prefix is
// safe, and the next one begins from what the kernel says it holds.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "control/forwarding/compile.h"
#include "control/proto/stream.h"
#include "ebpf/loader/names/node_names.h"
#include "ebpf/loader/node_dataplane.h"
#include "orchestrator/agent/state.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::agent {

inline constexpr MacAddress kGatewayMac = model::Self{}.gateway_mac;

// What the tables say of themselves, for control's heartbeats.
struct TableCounts {
  std::uint32_t failed_open = 0, without_backend = 0, left_out = 0;  // see forwarding::Compiled
  std::uint64_t handed_on = 0;                      // packets of edges' flows that were not known here
  std::map<std::string, std::uint64_t> drops;       // packets by reason
  std::map<std::string, proto::TableLevel> levels;  // each of FWD_TABLES, and flows as last swept
  std::string refusal;                              // why the last publication failed; empty: it did not
};

class Tables {
 public:
  // `control`: the address or name by which this node joined; pods are kept from its port.
  static Result<std::unique_ptr<Tables>> open(const runtime::NodePaths& paths, std::string control,
                                              std::uint16_t control_port);

  Result<> attach_uplink(std::uint32_t ifindex, std::uint32_t mtu);
  void set_uplink_mtu(std::uint32_t mtu);  // for the next publication
  Result<> attach_host(const std::string& network, const forwarding::HostLink& link);
  Result<> detach_host(const std::string& network);
  Result<> attach(const PodUid& uid, const forwarding::PodLink& link);  // the program; no row yet
  Result<> detach(const PodUid& uid, std::uint32_t ifindex);            // 0: as attached; idempotent

  // Returns when the kernel holds the tables of this snapshot with these pods' links. The first time
  // it sweeps too.
  Result<> publish(const Snapshot& snapshot, const std::set<PodUid>& links);

  Result<ebpf::NodeNames> names() const;  // of the same dataplane, which must live longer

  Result<> sweep();  // idle flows and those of addresses that left
  Result<TableCounts> counts();
  Result<std::string> drops();  // a DropList as JSON, the reason of most packets first

 private:
  Tables(std::string node, std::unique_ptr<ebpf::NodeDataplane> dataplane);
  Result<> put(const Snapshot& snapshot, const std::set<PodUid>& links);
  Result<> apply(const model::ForwardingState& state);
  void note_levels(const model::TableImage& image);
  void note_refusal(const Result<>& published);
  void sweep_first();
  Result<std::uint32_t> sweep_flows();  // how many rows went
  void remember_addresses(const Snapshot& snapshot, const std::set<PodUid>& links);
  Result<> forget_lost_links(const std::filesystem::path& pins);

  std::mutex mutex_;
  std::string node_, control_;
  std::unique_ptr<ebpf::NodeDataplane> dataplane_;
  forwarding::NodeLocal local_;  // its pods: those published last
  std::map<PodUid, forwarding::PodLink> attached_;
  std::optional<model::TableImage> image_;       // none: ask the kernel
  std::optional<model::ForwardingState> state_;  // what image_ was made from
  TableCounts counts_;                           // without the drops, which the kernel has
  // A local pod's addresses in the tables, and those to be swept, with their network's index.
  struct Addresses {
    std::uint32_t network = 0;
    std::vector<IpAddress> all;
  };
  std::map<PodUid, Addresses> addresses_;
  std::map<std::uint32_t, std::vector<IpAddress>> gone_;  // those without an address ask for nothing
};

}  // namespace fairlead::agent
