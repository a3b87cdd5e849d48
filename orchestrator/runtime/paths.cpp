// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/paths.h"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <system_error>

namespace fairlead::runtime {
namespace {

constexpr std::size_t kMaxName = 63;

bool is_name_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

}  // namespace

NodePaths NodePaths::make(std::string cluster, std::string node, std::filesystem::path state_dir,
                          std::filesystem::path run_dir, std::filesystem::path images_dir) {
  NodePaths paths;
  paths.cgroup_parent = "/fairlead/" + cluster + "/" + node;
  paths.cluster = std::move(cluster);
  paths.node = std::move(node);
  paths.runc_root = run_dir / "runc";
  paths.state_dir = std::move(state_dir);
  paths.run_dir = std::move(run_dir);
  paths.images_dir = std::move(images_dir);
  return paths;
}

std::filesystem::path NodePaths::pod(std::string_view uid) const { return pods() / uid; }
std::filesystem::path NodePaths::pod_etc(std::string_view uid) const { return pod(uid) / "etc"; }
std::filesystem::path NodePaths::bundle(std::string_view uid, std::string_view container) const {
  return pod(uid) / "c" / container;
}
std::filesystem::path NodePaths::rootfs(std::string_view uid, std::string_view container) const {
  return bundle(uid, container) / "rootfs";
}
std::filesystem::path NodePaths::log(std::string_view uid, std::string_view container) const {
  return bundle(uid, container) / "log";
}
std::filesystem::path NodePaths::netns(std::string_view uid) const { return netns_dir() / uid; }
std::string NodePaths::cgroup(std::string_view uid) const { return cgroup_parent + "/" + std::string(uid); }
std::string NodePaths::cgroup(std::string_view uid, std::string_view container) const {
  return cgroup(uid) + "/" + std::string(container);
}

// No container can have this name: see check_name().
std::string NodePaths::monitor_cgroup(std::string_view uid) const { return cgroup(uid) + "/_conmon"; }

Result<> make_folders(const NodePaths& paths) {
  FL_TRY_OK(check_name("cluster", paths.cluster));
  FL_TRY_OK(check_name("node", paths.node));
  for (const auto& folder : {paths.state_dir, paths.run_dir, paths.layers(), paths.pods(), paths.exits(),
                             paths.netns_dir(), paths.attach(), paths.runc_root}) {
    if (!folder.is_absolute())
      return fail(Code::invalid, folder.string(), "is not an absolute path", "give one");
    std::error_code error;
    const bool made = std::filesystem::create_directories(folder, error);
    if (error) return fail(Code::io, folder.string(), error.message(), "check that its parent is writable");
    if (made && ::chmod(folder.c_str(), 0700) != 0) return std::unexpected(os_error(errno, folder.string()));
  }
  return {};
}

Result<> check_name(std::string_view what, std::string_view name) {
  const bool well_formed = !name.empty() && name.size() <= kMaxName &&
                           std::ranges::all_of(name, is_name_letter) && name.front() != '-' &&
                           name.back() != '-';
  if (well_formed) return {};
  return fail(Code::invalid, std::string(what) + " \"" + std::string(name.substr(0, kMaxName)) + "\"",
              "is not a name", "use a-z, 0-9 and inner '-', at most 63 characters");
}

std::string container_id(std::string_view uid, std::string_view container) {
  return std::string(uid) + "." + std::string(container);
}

}  // namespace fairlead::runtime
