// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/network/netns.h"

#include <cerrno>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

bool is_pinned(const fs::path& path) {
  struct statfs found{};
  return ::statfs(path.c_str(), &found) == 0 && found.f_type == NSFS_MAGIC;
}

// In a thread that ends after it: only that thread leaves our namespace.
Result<> in_thread(const std::function<Result<>()>& work) {
  Result<> result;
  std::thread worker([&] { result = work(); });
  worker.join();
  return result;
}

}  // namespace

Result<> create_netns(const NodePaths& paths, std::string_view uid) {
  FL_TRY_OK(check_name("pod uid", uid));
  const fs::path pin = paths.netns(uid);
  if (is_pinned(pin)) return {};
  const Fd file(::open(pin.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0400));
  if (!file) return std::unexpected(os_error(errno, pin.string(), "check that the run folder exists"));
  return in_thread([&]() -> Result<> {
    if (::unshare(CLONE_NEWNET) != 0 ||
        ::mount("/proc/thread-self/ns/net", pin.c_str(), nullptr, MS_BIND, nullptr) != 0)
      return std::unexpected(
          os_error(errno, "network namespace " + pin.string(), "the agent must run as root"));
    return {};
  });
}

Result<> delete_netns(const NodePaths& paths, std::string_view uid) {
  FL_TRY_OK(check_name("pod uid", uid));
  const fs::path pin = paths.netns(uid);
  while (is_pinned(pin))  // a crashed caller may have pinned twice
    if (::umount2(pin.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
      return std::unexpected(os_error(errno, "unmount " + pin.string()));
  if (::unlink(pin.c_str()) != 0 && errno != ENOENT) return std::unexpected(os_error(errno, pin.string()));
  return {};
}

Result<std::vector<std::string>> list_netns(const NodePaths& paths) {
  std::vector<std::string> uids;
  std::error_code error;
  for (fs::directory_iterator it(paths.netns_dir(), error), end; !error && it != end; it.increment(error))
    uids.push_back(it->path().filename().string());
  if (error) return fail(Code::io, paths.netns_dir().string(), error.message());
  return uids;
}

Result<Fd> open_netns(const fs::path& path) {
  Fd netns(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!netns && errno == ENOENT)
    return fail(Code::not_found, path.string(), "there is no such network namespace", "create it first");
  if (!netns) return std::unexpected(os_error(errno, path.string()));
  return netns;
}

Result<> in_netns(const Fd& netns, const std::function<Result<>()>& work) {
  return in_thread([&]() -> Result<> {
    if (::setns(netns.get(), CLONE_NEWNET) != 0)
      return std::unexpected(os_error(errno, "enter network namespace"));
    return work();
  });
}

Result<> write_sysctl(std::string_view name, std::string_view value) {
  const std::string path = "/proc/sys/net/" + std::string(name);
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return fail(Code::not_found, path, "this kernel does not have it");
  if (!file || ::write(file.get(), value.data(), value.size()) < 0)
    return std::unexpected(os_error(errno, path, "is /proc/sys writable here?"));
  return {};
}

}  // namespace fairlead::runtime
