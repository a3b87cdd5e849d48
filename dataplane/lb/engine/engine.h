// SPDX-License-Identifier: Apache-2.0
// The engine that the file asks for, on its links.
#pragma once

#include <filesystem>
#include <memory>

#include "dataplane/lb/config/config.h"
#include "dataplane/lb/net/next_hops.h"
#include "dataplane/model/edge/edge_engine.h"

namespace fairlead::lb {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<model::EdgeEngine> take() = 0;  // once
  // XDP: links of the file get the program, others lose it. DPDK: the first time, packets are taken from here
  // on; devices are those of the start. conflict: the file asks for what this process cannot become.
  virtual Result<> attach(const Config& config) = 0;
  virtual bool outlives_process() const = 0;  // the data path
  // Links of the file that packets are not taken from: they went, and may be back.
  virtual std::vector<std::string> lost(const Config&) const { return {}; }
  // The kernel's links by which the ways to servers are found.
  virtual std::vector<PortLink> links(const Config& config) const = 0;
};

// `name`: of this edge among those of the machine; its tables are pinned or kept under it.
Result<std::unique_ptr<Engine>> open_engine(const std::string& name, const Config& config);
// On DPDK. A program without it becomes the one that has it (with_dpdk.cpp), or says why not.
Result<std::unique_ptr<Engine>> open_dpdk(const std::string& name, const Config& config);
// Programs and tables of that edge; success when there are none.
Result<> remove_engine(const std::string& name);
Result<> remove_xdp(const std::string& name);  // those of XDP
// Tables of DPDK: in memory, gone with a reboot as what they remember.
std::filesystem::path kept_file(const std::string& name);
// Pins of the programs that keep the kernel out of DPDK's links.
std::filesystem::path closed_pin_folder(const std::string& name);

// conflict: the file asks for what this process cannot become.
std::unexpected<Error> needs_restart(const std::string& what);

}  // namespace fairlead::lb
