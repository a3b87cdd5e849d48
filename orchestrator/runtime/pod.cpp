// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/pod.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <system_error>
#include <unistd.h>

#include "base/io/file.h"
#include "orchestrator/runtime/cgroup.h"
#include "orchestrator/runtime/container/container.h"
#include "orchestrator/runtime/layer/rootfs.h"
#include "orchestrator/runtime/network/netns.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    names.push_back(it->path().filename().string());
  return names;
}

std::string make_hosts(const PodFiles& files) {
  std::string text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
  for (const IpAddress& address : {files.ipv4, files.ipv6})
    if (!address.is_none()) text += format(address) + " " + files.pod_name + "\n";
  return text;
}

// Containers that have a bundle and those that only runc knows.
Result<std::set<std::string>> containers_of(const NodePaths& paths, std::string_view uid) {
  std::set<std::string> names;
  for (const std::string& name : names_in(paths.pod(uid) / "c")) names.insert(name);
  const std::string prefix = std::string(uid) + ".";
  for (const std::string& id : names_in(paths.runc_root))
    if (id.starts_with(prefix)) names.insert(id.substr(prefix.size()));
  return names;
}

Result<> remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) return fail(Code::io, folder.string(), error.message());
  return {};
}

}  // namespace

// Not synced: after a power loss there is no namespace, and both are made anew.
Result<> write_pod_files(const NodePaths& paths, std::string_view uid, const PodFiles& files) {
  FL_TRY_OK(check_name("pod uid", uid));
  const fs::path etc = paths.pod_etc(uid);
  std::error_code error;
  fs::create_directories(etc, error);
  if (error) return fail(Code::io, etc.string(), error.message());
  FL_TRY_OK(replace_file(etc / "hosts", make_hosts(files)));
  FL_TRY_OK(replace_file(etc / "hostname", files.pod_name + "\n"));
  return replace_file(etc / "resolv.conf", files.resolv_conf);
}

Result<> remove_pod(const NodePaths& paths, std::string_view uid) {
  FL_TRY_OK(check_name("pod uid", uid));
  FL_TRY(const std::set<std::string> containers, containers_of(paths, uid));
  for (const std::string& container : containers) FL_TRY_OK(remove_container(paths, uid, container));
  FL_TRY_OK(remove_cgroup(paths.cgroup(uid), true));
  FL_TRY_OK(delete_netns(paths, uid));
  const std::string prefix = std::string(uid) + ".";
  for (const std::string& id : names_in(paths.exits()))
    if (id.starts_with(prefix)) FL_TRY_OK(remove_folder(paths.exits() / id));
  return remove_folder(paths.pod(uid));  // last: by it an agent that was killed on the way finds the rest
}

Result<std::vector<std::string>> list_pods(const NodePaths& paths) {
  std::set<std::string> uids;
  for (const std::string& uid : names_in(paths.pods())) uids.insert(uid);
  for (const std::string& id : names_in(paths.runc_root)) uids.insert(id.substr(0, id.find('.')));
  FL_TRY(const std::vector<std::string> namespaces, list_netns(paths));
  uids.insert(namespaces.begin(), namespaces.end());
  std::erase_if(uids, [](const std::string& uid) { return !check_name("pod uid", uid); });
  return std::vector<std::string>(uids.begin(), uids.end());
}

}  // namespace fairlead::runtime
