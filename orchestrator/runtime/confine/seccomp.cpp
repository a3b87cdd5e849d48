// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/confine/seccomp.h"

#include <cerrno>
#include <sched.h>
#include <string_view>

namespace fairlead::runtime {
namespace {

namespace json = boost::json;

constexpr std::string_view kRefused[] = {
    // the kernel itself
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "syslog",
    "bpf", "perf_event_open", "iopl", "ioperm", "acct", "vhangup",
    // everybody's clock
    "settimeofday", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64",
    // mounts, swap, quotas, files by handle
    "mount", "umount", "umount2", "pivot_root", "mount_setattr", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "swapon", "swapoff", "quotactl", "quotactl_fd", "open_by_handle_at",
    "fanotify_init",
    // namespaces: clone is looked at below
    "setns", "unshare",
    // keys, which know no namespaces
    "add_key", "request_key", "keyctl",
    // ways into kernels, and what nothing uses any more
    "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "lookup_dcookie", "nfsservctl",
    "uselib", "vm86", "vm86old"};

json::object refuse(json::array names, int code) {
  return {{"names", std::move(names)}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", code}};
}

}  // namespace

json::object seccomp_profile() {
  json::array names;
  for (const std::string_view name : kRefused) names.emplace_back(name);
  json::object clone = refuse({"clone"}, EPERM);
  clone["args"] = {
      {{"index", 0}, {"value", CLONE_NEWUSER}, {"valueTwo", CLONE_NEWUSER}, {"op", "SCMP_CMP_MASKED_EQ"}}};
#if defined(__x86_64__)
  // Without x32: what is not listed here ends its program.
  const json::array machines = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
#elif defined(__aarch64__)
  const json::array machines = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif
  return {{"defaultAction", "SCMP_ACT_ALLOW"},
          {"architectures", machines},
          {"syscalls", {refuse(std::move(names), EPERM), refuse({"clone3"}, ENOSYS), std::move(clone)}}};
}

}  // namespace fairlead::runtime
