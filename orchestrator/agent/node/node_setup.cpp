// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/node/node_setup.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <thread>
#include <unistd.h>

#include "base/net/netlink.h"

namespace fairlead::agent {
namespace {

constexpr int kKernelMajor = 6;
constexpr int kKernelMinor = 6;

Result<> check_bpf_mount() {
  struct statfs info{};
  if (::statfs("/sys/fs/bpf", &info) == 0 && static_cast<std::uint64_t>(info.f_type) == BPF_FS_MAGIC)
    return {};
  return fail(Code::unsupported, "/sys/fs/bpf", "no bpf file system is mounted here",
              "mount -t bpf bpf /sys/fs/bpf (and enter namespaces by nsenter --net, not by ip netns exec)");
}

Result<> check_program(const std::string& program, const std::string& package) {
  if (program.find('/') != std::string::npos) {
    if (::access(program.c_str(), X_OK) == 0) return {};
  } else {
    for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"})
      if (::access((folder + program).c_str(), X_OK) == 0) return {};
  }
  return fail(Code::unsupported, program, "this program is missing", "apt-get install " + package);
}

}  // namespace

Result<> check_kernel(std::string_view release) {
  int major = 0, minor = 0;
  const char* end = release.data() + release.size();
  const auto first = std::from_chars(release.data(), release.data() + release.size(), major);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '.')
    std::from_chars(first.ptr + 1, end, minor);
  if (major > kKernelMajor || (major == kKernelMajor && minor >= kKernelMinor)) return {};
  return fail(Code::unsupported, "kernel " + std::string(release), "Fairlead needs 6.6 or newer (tcx)",
              "On Debian 12 install linux-image-amd64 from bookworm-backports; Debian 13 has 6.12");
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "unknown";
}

Result<> check_machine(const runtime::NodePaths& paths) {
  FL_TRY_OK(check_kernel(kernel_release()));
  if (::geteuid() != 0)
    return fail(Code::denied, "fairlead-agent", "it runs containers and must be root", "use sudo");
  FL_TRY_OK(check_bpf_mount());
  FL_TRY_OK(check_program(paths.runc, "runc"));
  FL_TRY_OK(check_program(paths.conmon, "conmon"));
  return check_program("nft", "nftables");
}

// A killed agent's child that was about to become runc or conmon holds the lock
// for a moment longer: waits for it, two seconds at most.
Result<Fd> lock_folder(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "lock";
  Fd lock(::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!lock) return std::unexpected(os_error(errno, file.string()));
  for (int tries = 0; tries < 100; ++tries) {
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return fail(Code::conflict, folder.string(), "another agent uses this state folder",
              "stop it, or give this one a --state-dir of its own");
}

Result<Uplink> find_uplink(const std::string& name) {
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY(const std::optional<LinkInfo> link, netlink.find_link(name));
  if (!link)
    return fail(Code::not_found, "uplink " + name, "no such link here", "name the node's link with --uplink");
  return Uplink{link->index, link->mtu};
}

}  // namespace fairlead::agent
