// SPDX-License-Identifier: Apache-2.0
// Names: all that this node answers questions for names from. One thread makes
// each network's zone of the newest snapshot, gives it to that network's name
// server, which runs there too, and to the kernel's table, from which pods are
// answered before any process wakes. The agent waits for none of it but the
// first zone: no pod starts before its names are there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/catalog/network.h"
#include "control/proto/node_counters.h"
#include "ebpf/loader/names/node_names.h"

namespace fairlead::agent {

class Names {
 public:
  // `kernel`: of a dataplane that lives longer. Not `in_kernel`: every question goes to the server.
  Names(std::string node, ebpf::NodeNames kernel, bool in_kernel);
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  // A server for each of these networks, on its addresses; one that has the same goes on. On an error the
  // servers of before go on.
  Result<> open(const std::vector<NodeNetwork>& networks);

  // Of several that come in a row the newest counts. The first behind open() returns when it is answered.
  void publish(std::shared_ptr<const Snapshot> snapshot);

  void count(proto::NodeCounters& to) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::agent
