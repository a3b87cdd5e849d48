// SPDX-License-Identifier: Apache-2.0
// XdpEngine: an edge's XDP program and its tables in the kernel, which are mapped
// into this process.
//
//   open -> apply -> attach ; remove_pins(pins) when the edge goes
//
// With pins, open() adopts the tables that an earlier run left, and attach() puts
// its program in the place of the old one without losing a packet; the program
// goes on when the object goes. A flow table that is found keeps its size. Tables
// of another FWD_ABI_VERSION serve until attach(), and go with the last link that
// is taken from them; what packets wrote is one and the same for all versions of
// one FWD_EDGE_STATE_VERSION, and stands beside:
//
//   NAME/edge/vABI/...  NAME/edge/state-vSTATE/...  NAME/edge/attached/LINK
//
// One thread. Needs CAP_BPF and CAP_NET_ADMIN in the links' network namespace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/model/edge/edge_engine.h"
#include "ebpf/loader/links.h"

namespace fairlead::ebpf {

struct XdpOptions {
  std::filesystem::path pins;      // see edge_pin_folder; empty: nothing is pinned
  std::uint32_t buckets = 262144;  // of the flow table, a power of two; 8 flows each
  std::uint64_t fixed_beat = 0;    // tests: the time; 0: the clock
};

// /sys/fs/bpf/fairlead/NAME/edge/vABI
std::filesystem::path edge_pin_folder(const std::string& name);

class XdpEngine final : public model::EdgeEngine {
 public:
  static Result<std::unique_ptr<XdpEngine>> open(const XdpOptions& options);
  ~XdpEngine() override;

  // A link of the kernel, by name. Idempotent.
  Result<> attach(const std::string& link, XdpMode mode);
  Result<> detach(const std::string& link);  // idempotent; the program has stopped when it returns
  // Takes the program off every link but these, also off those that an earlier run served.
  Result<> detach_others(const std::vector<std::string>& links);

  std::string_view name() const override { return "xdp"; }
  Result<> apply(const model::TablePatch& patch) override;
  const model::EdgeMemory& memory() const override;
  std::uint64_t beat() const override;
  bool forgot_flows() const override;
  Result<std::vector<fwd_counter>> counters() const override;
  Result<std::vector<fwd_last_drop>> last_drops() const override;
  Result<fwd_edge_served> served(std::uint32_t server) const override;
  Result<std::vector<model::EdgePort>> ports() const override;
  Result<std::vector<model::EdgeStage>> stages() const override;
  void set_beat(std::uint64_t beat);  // of one that was opened with a fixed one
  void steer_probes(std::uint16_t, std::uint32_t) override {}

  // For BPF_PROG_TEST_RUN: the program, and what it counted but TO_BACKEND, which stands with the servers.
  int program_fd() const;
  Result<std::vector<fwd_counter>> verdicts() const;

 private:
  struct State;
  explicit XdpEngine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::ebpf
