// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/flows/migration.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "base/io/fd.h"
#include "base/io/log.h"
#include "dataplane/fwd/abi.h"
#include "ebpf/loader/flows/flow_rows.h"
#include "ebpf/loader/pins.h"

namespace fairlead::ebpf {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kRoundsBefore = 8;  // of copying, or until a round finds nothing new
constexpr unsigned kRoundsAfter = 3;

std::optional<std::uint32_t> version_of(const fs::path& pins) {
  const std::string name = pins.filename();
  std::uint32_t version = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), version);
  if (!name.starts_with('v') || error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return version;
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    found.push_back(it->path());
  return found;
}

// The conversions on the way from one version to the other, those of equal rows left out.
std::optional<std::vector<ConvertFlow>> way(std::uint32_t from, std::uint32_t to,
                                            const std::vector<FlowStep>& steps) {
  std::vector<ConvertFlow> found;
  while (from != to) {
    const bool up = from < to;
    const auto step =
        std::ranges::find_if(steps, [&](const FlowStep& s) { return (up ? s.older : s.newer) == from; });
    if (step == steps.end()) return std::nullopt;
    if (const ConvertFlow& convert = up ? step->up : step->down) found.push_back(convert);
    from = up ? step->newer : step->older;
    if (up ? from > to : from < to) return std::nullopt;
  }
  return found;
}

std::uint32_t map_id(int map) {
  bpf_map_info info{};
  std::uint32_t length = sizeof info;
  return bpf_obj_get_info_by_fd(map, &info, &length) == 0 ? info.id : 0;
}

// The name of the program that a link runs: the new one of the same name takes its place.
Result<std::string> program_name(const Fd& link, const fs::path& pin) {
  bpf_link_info info{};
  std::uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(link.get(), &info, &length) != 0)
    return std::unexpected(os_error(errno, pin.string()));
  const Fd program(bpf_prog_get_fd_by_id(info.prog_id));
  bpf_prog_info about{};
  length = sizeof about;
  if (!program || bpf_obj_get_info_by_fd(program.get(), &about, &length) != 0)
    return std::unexpected(os_error(errno, pin.string(), "while asking for its program"));
  return std::string(about.name);
}

}  // namespace

const std::vector<FlowStep>& flow_steps() {
  static const std::vector<FlowStep> steps{{1, 2, {}, {}}, {2, 3, {}, {}}, {3, 4, {}, {}}, {4, 5, {}, {}}};
  static_assert(FWD_ABI_VERSION == 5, "say what became of a flow's rows: one more step");
  return steps;
}

Result<Migration> Migration::begin(const fs::path& pins, const std::vector<FlowStep>& steps) {
  Migration migration;
  migration.pins_ = pins;
  const auto ours = version_of(pins);
  if (!ours) return migration;
  for (const fs::path& sibling : entries(pins.parent_path())) {
    const auto version = version_of(sibling);
    if (!version || *version == *ours) continue;
    auto steps_to_us = way(*version, *ours, steps);
    migration.others_.push_back(
        {sibling, steps_to_us.has_value(), steps_to_us.value_or(std::vector<ConvertFlow>())});
  }
  // The one that has most links has the flows that matter; it is first.
  std::ranges::sort(migration.others_, std::ranges::greater(),
                    [](const Other& other) { return entries(other.pins / "attached").size(); });
  FL_TRY_OK(migration.share_flows());
  return migration;
}

Result<> Migration::share_flows() const {
  const fs::path pin = pins_ / "flows";
  std::error_code error;
  if (others_.empty() || !others_.front().understood || !others_.front().convert.empty()) return {};
  if (fs::exists(pin, error)) return {};  // an interrupted one made it
  const Fd flows(bpf_obj_get((others_.front().pins / "flows").c_str()));
  if (!flows) return {};
  fs::create_directories(pins_, error);
  if (error) return fail(Code::io, pins_.string(), error.message(), "mount it: mount -t bpf bpf /sys/fs/bpf");
  if (bpf_obj_pin(flows.get(), pin.c_str()) == 0) return {};
  return std::unexpected(os_error(errno, pin.string(), "while keeping the flow table"));
}

std::optional<std::uint32_t> Migration::flow_capacity() const {
  for (const Other& other : others_) {
    const Fd flows(bpf_obj_get((other.pins / "flows").c_str()));
    bpf_map_info info{};
    std::uint32_t length = sizeof info;
    if (flows && bpf_obj_get_info_by_fd(flows.get(), &info, &length) == 0) return info.max_entries;
  }
  return std::nullopt;
}

bool Migration::holds(std::uint32_t ifindex) const {
  std::error_code error;
  return std::ranges::any_of(others_, [&](const Other& other) {
    return fs::exists(other.pins / "attached" / std::to_string(ifindex), error);
  });
}

Result<> Migration::detach(std::uint32_t ifindex) {
  for (const Other& other : others_) FL_TRY_OK(detach_pin(other.pins / "attached" / std::to_string(ifindex)));
  return {};
}

// Rows that the new table has stay: its program may have written them since.
Result<> Migration::copy_flows(const Other& from, int flows, unsigned rounds) const {
  const Fd old(bpf_obj_get((from.pins / "flows").c_str()));
  if (!old || map_id(old.get()) == map_id(flows)) return {};
  if (!from.understood) {
    log::warn("flows of another version are not understood, they begin anew", {{"pins", from.pins.string()}});
    return {};
  }
  for (unsigned round = 0; round < rounds; ++round) {
    std::uint32_t made = 0;
    const auto copy = [&](FlowRow row) -> Result<> {
      for (const ConvertFlow& convert : from.convert) {
        std::optional<FlowRow> next = convert(row);
        if (!next) return {};
        row = std::move(*next);
      }
      if (bpf_map_update_elem(flows, row.key.data(), row.value.data(), BPF_NOEXIST) == 0)
        ++made;
      else if (errno != EEXIST)
        return std::unexpected(os_error(errno, "table flows", "while copying those of another version"));
      return {};
    };
    FL_TRY_OK(each_flow(old.get(), copy));
    if (made == 0) return {};
  }
  return {};
}

Result<> Migration::move_links(const Other& from, const ProgramOf& program_of) const {
  for (const fs::path& pin : entries(from.pins / "attached")) {
    const fs::path to = pins_ / "attached" / pin.filename();
    std::error_code error;
    const Fd link(bpf_obj_get(pin.c_str()));
    if (!link) return std::unexpected(os_error(errno, pin.string()));
    FL_TRY(const std::string name, program_name(link, pin));
    const int program = program_of(name);
    // A link of ours is there already, or its interface is gone: the old one ends.
    const bool over = program < 0 || fs::exists(to, error);
    if (!over && bpf_link_update(link.get(), program, nullptr) != 0 && errno != EEXIST && errno != ENOLINK)
      return std::unexpected(os_error(errno, pin.string(), "while replacing its program"));
    if (over)
      FL_TRY_OK(detach_pin(pin));
    else if (std::rename(pin.c_str(), to.c_str()) != 0)
      return std::unexpected(os_error(errno, pin.string(), "while moving it"));
  }
  return {};
}

Result<> Migration::finish(int flows, const ProgramOf& program_of) {
  for (const Other& other : others_) FL_TRY_OK(copy_flows(other, flows, kRoundsBefore));
  for (const Other& other : others_) FL_TRY_OK(move_links(other, program_of));
  for (const Other& other : others_) FL_TRY_OK(copy_flows(other, flows, kRoundsAfter));
  for (const Other& other : others_) {
    std::error_code error;
    fs::remove_all(other.pins, error);
    if (error) return fail(Code::io, other.pins.string(), error.message());
    log::info("programs and tables of another version are replaced", {{"pins", other.pins.string()}});
  }
  others_.clear();
  return {};
}

}  // namespace fairlead::ebpf
