// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "base/io/clock.h"
#include "base/io/file.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOurs = "/fairlead/";
constexpr std::chrono::milliseconds kPause{20};
constexpr std::chrono::milliseconds kShortPause{2};
constexpr std::ptrdiff_t kNodeDepth = 3;  // slashes of "/fairlead/CLUSTER/NODE"

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> result;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    if (!word.empty()) result.push_back(word);
  }
  return result;
}

void kill_members(const fs::path& cgroup) {
  const Result<std::string> members = read_file(cgroup / "cgroup.procs", 1U << 20);
  if (!members) return;  // gone meanwhile
  for (std::string_view rest = *members; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    int pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 1) ::kill(pid, SIGKILL);
  }
}

// The folder and everything below, deepest first.
std::vector<fs::path> subtree(const fs::path& top) {
  std::vector<fs::path> result{top};
  std::error_code error;
  for (fs::recursive_directory_iterator it(top, error), end; !error && it != end; it.increment(error))
    if (it->is_directory(error)) result.push_back(it->path());
  std::ranges::reverse(result);
  return result;
}

// True when nothing of it is left.
Result<bool> remove_once(const fs::path& top, bool kill) {
  std::error_code error;
  if (!fs::exists(top, error)) return true;
  for (const fs::path& cgroup : subtree(top)) {
    if (kill) kill_members(cgroup);
    if (::rmdir(cgroup.c_str()) == 0 || errno == ENOENT) continue;
    if (errno == EBUSY || errno == ENOTEMPTY) return false;
    return std::unexpected(os_error(errno, "cgroup " + cgroup.string()));
  }
  return true;
}

// With the last node goes its cluster's folder, with the last cluster ours; rmdir spares those in use.
void remove_empty_above(const fs::path& root, fs::path path) {
  while (path.has_parent_path()) {
    path = path.parent_path();
    if (::rmdir((root / path).c_str()) != 0) return;
  }
}

struct CgroupMount {
  fs::path root;
  bool unified;
  std::string_view options;  // "rw,pids"
};

std::vector<CgroupMount> cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  while (!mountinfo.empty()) {
    const std::string_view line = mountinfo.substr(0, mountinfo.find('\n'));
    mountinfo.remove_prefix(std::min(mountinfo.size(), line.size() + 1));
    const std::vector<std::string_view> fields = words(line);
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 5 || dash == fields.end() || dash + 1 == fields.end()) continue;
    const std::string_view type = *(dash + 1);
    const std::string_view options = fields.end() - dash > 3 ? *(dash + 3) : std::string_view();
    if (type == "cgroup" || type == "cgroup2") mounts.push_back({fields[4], type == "cgroup2", options});
  }
  return mounts;
}

bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const std::string_view option = options.substr(0, options.find(','));
    options.remove_prefix(std::min(options.size(), option.size() + 1));
    if (option == wanted) return true;
  }
  return false;
}

Result<> check_ours(std::string_view path) {
  if (path.starts_with(kOurs) && path.size() > kOurs.size() && !path.contains("..")) return {};
  return fail(Code::invalid, "cgroup " + std::string(path), "is not one of Fairlead's");
}

struct Subgroup {
  fs::path folder;
  std::string runc_name;
};

Result<ProcessHierarchy> find_hierarchy() {
  FL_TRY(const std::string mountinfo, read_file("/proc/self/mountinfo"));
  if (auto hierarchy = process_hierarchy(mountinfo)) return std::move(*hierarchy);
  return fail(Code::unsupported, "cgroups", "no hierarchy counts processes", "mount the pids controller");
}

fs::path folder_in(const ProcessHierarchy& hierarchy, std::string_view path) {
  return hierarchy.root.string() + std::string(path);
}

Result<Subgroup> find_subgroup(std::string_view path, std::string_view name) {
  FL_TRY_OK(check_ours(path));
  FL_TRY_OK(check_name("cgroup", name));
  FL_TRY(const ProcessHierarchy hierarchy, find_hierarchy());
  const std::string below(name);
  return Subgroup{folder_in(hierarchy, path) / below,
                  hierarchy.controller.empty() ? below : hierarchy.controller + ":" + below};
}

}  // namespace

std::vector<fs::path> cgroup_roots(std::string_view mountinfo) {
  std::vector<fs::path> roots;
  for (const CgroupMount& mount : cgroup_mounts(mountinfo)) roots.push_back(mount.root);
  return roots;
}

std::vector<fs::path> unified_roots(std::string_view mountinfo) {
  std::vector<fs::path> roots;
  for (const CgroupMount& mount : cgroup_mounts(mountinfo))
    if (mount.unified) roots.push_back(mount.root);
  return roots;
}

Result<std::string> make_cgroup(std::string_view path) {
  FL_TRY_OK(check_ours(path));
  FL_TRY(const std::string mountinfo, read_file("/proc/self/mountinfo"));
  const std::vector<fs::path> roots = unified_roots(mountinfo);
  if (roots.empty()) return std::string();
  std::string folder = roots.front().string() + std::string(path);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(Code::io, "cgroup " + folder, error.message(), "check that cgroup v2 is writable");
  return folder;
}

std::optional<ProcessHierarchy> process_hierarchy(std::string_view mountinfo) {
  const std::vector<CgroupMount> mounts = cgroup_mounts(mountinfo);
  for (const CgroupMount& mount : mounts)
    if (!mount.unified && has_option(mount.options, "pids")) return ProcessHierarchy{mount.root, "pids"};
  // With any v1 controller runc keeps to v1, where the unified one alone has no name.
  if (mounts.empty() || !std::ranges::all_of(mounts, &CgroupMount::unified)) return std::nullopt;
  return ProcessHierarchy{mounts.front().root, ""};
}

Result<std::string> make_subgroup(std::string_view path, std::string_view name) {
  FL_TRY(const Subgroup group, find_subgroup(path, name));
  if (::mkdir(group.folder.c_str(), 0755) != 0 && errno != EEXIST)
    return std::unexpected(os_error(errno, "cgroup " + group.folder.string()));
  return group.runc_name;
}

Result<> empty_subgroup(std::string_view path, std::string_view name, Millis timeout) {
  FL_TRY(const Subgroup group, find_subgroup(path, name));
  const MonoTime deadline = mono_now() + timeout;
  for (;;) {
    const Result<std::string> members = read_file(group.folder / "cgroup.procs", 1U << 20);
    if (!members || members->empty()) return {};
    kill_members(group.folder);
    if (mono_now() >= deadline)
      return fail(Code::timeout, "cgroup " + group.folder.string(), "is still busy",
                  "see what runs in it: cgroup.procs");
    std::this_thread::sleep_for(kShortPause);
  }
}

Result<> remove_subgroup(std::string_view path, std::string_view name) {
  FL_TRY_OK(empty_subgroup(path, name));
  FL_TRY(const Subgroup group, find_subgroup(path, name));
  if (::rmdir(group.folder.c_str()) == 0 || errno == ENOENT) return {};
  return std::unexpected(os_error(errno, "cgroup " + group.folder.string()));
}

std::vector<std::string> list_subgroups(std::string_view path) {
  std::vector<std::string> names;
  const auto hierarchy = find_hierarchy();
  if (!hierarchy || !check_ours(path)) return names;
  std::error_code error;
  for (fs::directory_iterator it(folder_in(*hierarchy, path), error), end; !error && it != end;
       it.increment(error))
    if (it->is_directory(error)) names.push_back(it->path().filename().string());
  return names;
}

std::uint64_t parse_oom_kills(std::string_view text) {
  std::uint64_t kills = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::vector<std::string_view> fields = words(line);
    if (fields.size() == 2 && fields[0] == "oom_kill")
      std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), kills);
  }
  return kills;
}

std::uint64_t oom_kills(std::string_view path) {
  if (!path.starts_with(kOurs)) return 0;
  const Result<std::string> mountinfo = read_file("/proc/self/mountinfo");
  if (!mountinfo) return 0;
  std::uint64_t most = 0;
  for (const fs::path& root : cgroup_roots(*mountinfo))
    for (const char* file : {"memory.oom_control", "memory.events"})
      if (const auto text = read_file(fs::path(root.string() + std::string(path)) / file, 4096))
        most = std::max(most, parse_oom_kills(*text));
  return most;
}

Result<> remove_cgroup(std::string_view path, bool kill, Millis timeout) {
  FL_TRY_OK(check_ours(path));
  FL_TRY(const std::string mountinfo, read_file("/proc/self/mountinfo"));
  const MonoTime deadline = mono_now() + timeout;
  const std::vector<fs::path> roots = cgroup_roots(mountinfo);
  for (const fs::path& root : roots) {
    const fs::path top = root.string() + std::string(path);
    for (;;) {
      FL_TRY(const bool gone, remove_once(top, kill));
      if (gone) break;
      if (mono_now() >= deadline)
        return fail(Code::timeout, "cgroup " + top.string(), "is still busy",
                    "see what runs in it: cgroup.procs");
      std::this_thread::sleep_for(kPause);
    }
  }
  // Not above a pod: its removal would race with the next pod's creation.
  if (std::ranges::count(path, '/') <= kNodeDepth)
    for (const fs::path& root : roots) remove_empty_above(root, fs::path(path).relative_path());
  return {};
}

}  // namespace fairlead::runtime
