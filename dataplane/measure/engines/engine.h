// SPDX-License-Identifier: Apache-2.0
// Engine: what stands between client and servers while it lives, in namespaces of its own. Way: how a run
// gets from its client to its servers, by an engine or straight.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/measure/nets/counters.h"
#include "dataplane/measure/nets/house.h"

namespace fairlead::measure {

struct Told {
  std::uint64_t packets = 0;                         // that it handled, by its own count
  Counts drops;                                      // by reason
  std::map<std::string, std::string> meanings = {};  // of its own reasons
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual Result<Told> told() = 0;  // since it began
  // Descriptors of its BPF programs.
  virtual std::vector<int> programs() const { return {}; }
  // While another is measured. What takes no CPU without packets need not care.
  virtual void rest(bool) {}
};

struct Way {
  std::string name;      // "xdp"
  std::string baseline;  // the way straight to one server that it is compared with; empty: it is one
  std::string about;     // what it is, in a sentence
  IpAddress to;
  bool datagrams = true;
  std::string counts = {};                 // what the engine's count is of: "received", "to servers"
  std::string link = "eth0";               // the client's
  std::shared_ptr<Engine> engine = {};     // none: nothing stands between; two ways may share one
  std::vector<std::uint64_t> spaces = {};  // whose processes are the engine's
};

// Each with the edge's number. They are ready when they return.
Result<Way> make_xdp(House& house, unsigned edge, const std::string& folder);
Result<Way> make_dpdk(House& house, unsigned edge, const std::string& folder);
Result<Way> make_nftables(House& house, unsigned edge);
Result<Way> make_haproxy(House& house, unsigned edge, const std::string& folder);
// The node's own dataplane, and the way from pod to pod without a service, which is its baseline.
Result<std::vector<Way>> make_node(House& house, unsigned edge);

// Client and servers are pods of the node engine, too: addresses of these.
IpAddress pod_address(std::size_t index);  // 0: the client; server K is K

}  // namespace fairlead::measure
