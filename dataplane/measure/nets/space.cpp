// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/nets/space.h"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/io/process.h"

namespace fairlead::measure {
namespace {

constexpr const char* kBpfFolder = "/sys/fs/bpf";
constexpr const char* kRemedy = "run it as root: sudo fairlead bench l4";

constexpr const char* kSettle =
    "ip link set lo up\n"
    "for f in all default; do\n"
    "  echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter\n"
    "  echo 0 > /proc/sys/net/ipv4/conf/$f/send_redirects\n"
    "  echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6\n"
    "done";

}  // namespace

Result<Space> Space::make() {
  Result<Space> made;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      made = std::unexpected(os_error(errno, "a network namespace", kRemedy));
      return;
    }
    made->netns_ = Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!made->netns_) made = std::unexpected(os_error(errno, "/proc/thread-self/ns/net"));
  }).join();
  if (made) FL_TRY_OK(made->sh(kSettle));
  return made;
}

std::string Space::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(netns_.get());
}

std::uint64_t Space::inode() const {
  struct stat about{};
  return ::fstat(netns_.get(), &about) == 0 ? about.st_ino : 0;
}

Result<> Space::inside(const std::function<Result<>()>& work) const {
  Result<> done;
  std::thread([&] {
    if (::setns(netns_.get(), CLONE_NEWNET) != 0)
      done = std::unexpected(os_error(errno, "network namespace", kRemedy));
    else
      done = work();
  }).join();
  return done;
}

Result<> Space::sh(const std::string& script) const {
  return inside([&]() -> Result<> {
    ProcessSpec spec;
    spec.argv = {"sh", "-ec", script};
    FL_TRY_OK(run_checked(spec));
    return {};
  });
}

Result<> connect(const Space& a, const std::string& link_a, const Space& b, const std::string& link_b) {
  FL_TRY_OK(a.sh("ip link add " + link_a + " type veth peer name " + link_b + " netns " + b.path() +
                 "\nip link set " + link_a + " up"));
  return b.sh("ip link set " + link_b + " up");
}

Result<std::string> own_mounts() {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return std::unexpected(os_error(errno, "mounts of its own", kRemedy));
  if (::mount("bpf", kBpfFolder, "bpf", 0, "mode=0700") != 0)
    return std::unexpected(os_error(errno, kBpfFolder, "the kernel needs CONFIG_BPF_SYSCALL"));
  const std::string folder = std::string(kBpfFolder) + "/bench";
  if (::mkdir(folder.c_str(), 0700) != 0 ||
      ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "mode=0700,size=64m") != 0)
    return std::unexpected(os_error(errno, folder));
  // Where fairlead-lb keeps DPDK's tables.
  if (::mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=0700,size=256m") != 0)
    return std::unexpected(os_error(errno, "/dev/shm"));
  return folder;
}

}  // namespace fairlead::measure
