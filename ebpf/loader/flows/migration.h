// SPDX-License-Identifier: Apache-2.0
// From the tables of one FWD_ABI_VERSION to those of another, under traffic
// and safe against a kill at any point (docs/adr/0020).
//
//   begin     what stands beside our own pins was left by another version. Flows
//             whose rows are the same are shared: both versions write one table
//   (the caller fills the new tables; old programs go on with the old ones)
//   finish    other flows are copied; link after link gets the new program and its
//             pin moves; what was made meanwhile is copied; the old pins go
//
// Interrupted anywhere, the next begin() finds what is left, whichever of the
// two versions it is, and its finish() ends it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace fairlead::ebpf {

struct FlowRow {
  std::string key, value;
};
// None: the other version cannot have this flow; it ends.
using ConvertFlow = std::function<std::optional<FlowRow>(const FlowRow&)>;

// What became of a flow's rows between two versions. Without functions they are the same.
struct FlowStep {
  std::uint32_t older = 0, newer = 0;
  ConvertFlow up, down;
};
// Of dataplane/fwd: one step per FWD_ABI_VERSION since the first. Without steps between two
// versions flows begin anew.
const std::vector<FlowStep>& flow_steps();

class Migration {
 public:
  // `pins` is ".../vN"; its siblings are other versions. Before the programs are loaded.
  static Result<Migration> begin(const std::filesystem::path& pins, const std::vector<FlowStep>& steps);

  bool under_way() const { return !others_.empty(); }
  bool holds(std::uint32_t ifindex) const;             // an older program serves this link until finish()
  Result<> detach(std::uint32_t ifindex);              // from the older program
  std::optional<std::uint32_t> flow_capacity() const;  // of the table that is left

  using ProgramOf = std::function<int(const std::string& name)>;
  // The new tables are whole. `flows`: the new table.
  Result<> finish(int flows, const ProgramOf& program_of);

 private:
  struct Other {
    std::filesystem::path pins;
    bool understood = false;  // there are steps from its version to ours
    std::vector<ConvertFlow> convert;
  };
  Result<> share_flows() const;
  Result<> copy_flows(const Other& from, int flows, unsigned rounds) const;
  Result<> move_links(const Other& from, const ProgramOf& program_of) const;

  std::filesystem::path pins_;
  std::vector<Other> others_;
};

}  // namespace fairlead::ebpf
