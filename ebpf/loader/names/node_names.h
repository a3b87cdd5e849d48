// SPDX-License-Identifier: Apache-2.0
// NodeNames: the table of names in the kernel, from which the tc program at a
// pod's veth answers. Maps its memory, so that a change is a store and no
// system call. What an earlier run left pinned answers on until it is brought
// up to date.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/model/names/name_publisher.h"
#include "ebpf/loader/node_dataplane.h"

namespace fairlead::ebpf {

struct NameCount {
  std::string name;  // as in dataplane/fwd/dns: "A", "NXDOMAIN", "TOO_LARGE"
  std::string meaning;
  bool answered = false;  // else left to the server
  std::uint64_t queries = 0;
};

class NodeNames {
 public:
  // Of a dataplane that stays open as long.
  static Result<NodeNames> open(const NodeDataplane& dataplane, std::uint64_t seed);
  NodeNames(NodeNames&&) noexcept;
  NodeNames& operator=(NodeNames&&) noexcept;
  ~NodeNames();

  model::NamePublisher& publisher();
  Result<std::vector<NameCount>> counts() const;

 private:
  struct State;
  explicit NodeNames(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::ebpf
