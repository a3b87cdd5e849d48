// SPDX-License-Identifier: Apache-2.0
// ProbeLinks: the program by which an edge's own probes take the way of clients'
// packets (dataplane/fwd/edge/probe.h), at tc egress of the edge's links. Its pins stand
// beside those of the links' XDP programs.
#pragma once

#include <bpf/libbpf.h>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::ebpf {

class ProbeLinks {
 public:
  // With the tables of `edge`, an object that is loaded; `attached`: the folder of pins, or empty.
  static Result<std::unique_ptr<ProbeLinks>> open(const bpf_object* edge, std::filesystem::path attached);
  ~ProbeLinks();

  Result<> attach(std::uint32_t ifindex);  // idempotent; replaces an older program in one step
  Result<> detach(std::uint32_t ifindex);

 private:
  struct State;
  explicit ProbeLinks(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::ebpf
