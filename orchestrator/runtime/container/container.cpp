// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/container/container.h"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "base/io/clock.h"
#include "base/io/fd.h"
#include "base/io/file.h"
#include "orchestrator/runtime/cgroup.h"
#include "orchestrator/runtime/container/bundle.h"
#include "orchestrator/runtime/container/runc.h"
#include "orchestrator/runtime/image/image.h"
#include "orchestrator/runtime/layer/rootfs.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxUserFile = 1U << 20;
constexpr Millis kKillTimeout{10'000};
constexpr Millis kPause{10};

Result<> check_names(std::string_view uid, std::string_view container) {
  FL_TRY_OK(check_name("pod uid", uid));
  return check_name("container", container);
}

// A file of the image as the container would see it: its links cannot lead out
// of the root file system. Absent is empty.
Result<std::string> read_in_root(const fs::path& rootfs, const std::string& name) {
  const Fd root(::open(rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return std::unexpected(os_error(errno, rootfs.string()));
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const Fd file(static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof how)));
  if (!file) return std::string();
  return read_file("/proc/self/fd/" + std::to_string(file.get()), kMaxUserFile);
}

Result<User> find_user(const fs::path& rootfs, const std::string& user) {
  FL_TRY(const std::string passwd, read_in_root(rootfs, "etc/passwd"));
  FL_TRY(const std::string group, read_in_root(rootfs, "etc/group"));
  return resolve_user(user, passwd, group);
}

Result<> write_bundle(const NodePaths& paths, const Pod& pod, const Container& container,
                      const ImageConfig& image) {
  const std::string& uid = pod.meta.uid;
  BundleInput input;
  input.pod_name = pod.meta.name;
  input.ns = pod.meta.ns;
  input.node = paths.node;
  input.ipv4 = pod.ipv4;
  input.ipv6 = pod.ipv6;
  input.container = container;
  input.image = image;
  FL_TRY(input.user, find_user(paths.rootfs(uid, container.name), image.user));
  input.rootfs = paths.rootfs(uid, container.name).string();
  input.netns = paths.netns(uid).string();
  input.etc = paths.pod_etc(uid).string();
  input.cgroups_path = paths.cgroup(uid, container.name);
  input.cgroup_namespace = fs::exists("/proc/self/ns/cgroup");
  FL_TRY(const std::string json, bundle_json(input));
  return replace_file(paths.bundle(uid, container.name) / "config.json", json, 0600);
}

Result<> create_prepared(const NodePaths& paths, const std::string& uid, const Container& container) {
  if (!fs::exists(paths.netns(uid)))
    return fail(Code::not_found, paths.netns(uid).string(), "the pod has no network namespace",
                "create it first");
  FL_TRY(const std::string monitors, make_cgroup(paths.monitor_cgroup(uid)));
  return conmon_create(paths, container_id(uid, container.name), paths.bundle(uid, container.name), monitors);
}

std::optional<std::int32_t> read_exit_code(const NodePaths& paths, const std::string& id) {
  const Result<std::string> text = read_file(paths.exits() / id, 64);
  if (!text) return std::nullopt;
  std::int32_t code = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), code);
  return error == std::errc() ? std::optional(code) : std::nullopt;
}

ContainerStatus describe(const NodePaths& paths, std::string_view uid, std::string_view container,
                         const std::optional<RuncState>& state) {
  ContainerStatus status;
  status.uid = uid;
  status.container = container;
  if (state) {
    status.pid = state->pid;
    status.state = state->status == RuncStatus::created   ? ContainerState::created
                   : state->status == RuncStatus::running ? ContainerState::running
                                                          : ContainerState::stopped;
  }
  if (status.state == ContainerState::stopped || status.state == ContainerState::absent) {
    status.exit_code = read_exit_code(paths, container_id(uid, container));
    status.oom_killed = fs::exists(paths.bundle(uid, container) / "oom");
  }
  return status;
}

bool stands(const ContainerStatus& status) {
  return status.state == ContainerState::created || status.state == ContainerState::running;
}

Result<bool> is_over(const NodePaths& paths, const std::string& id) {
  FL_TRY(const std::optional<RuncState> state, runc_state(paths, id));
  return !state || state->status == RuncStatus::stopped;
}

Result<> kill_and_wait(const NodePaths& paths, std::string_view uid, std::string_view container) {
  const std::string id = container_id(uid, container);
  FL_TRY_OK(kill_container(paths, uid, container, SIGKILL));
  const MonoTime deadline = mono_now() + kKillTimeout;
  for (;;) {
    FL_TRY(const bool over, is_over(paths, id));
    if (over) return {};
    if (mono_now() >= deadline)
      return fail(Code::timeout, "container " + id, "still runs 10s after SIGKILL", "see the kernel log");
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

Result<> prepare_container(const NodePaths& paths, const Pod& pod, const Container& container) {
  const std::string& uid = pod.meta.uid;
  FL_TRY_OK(check_names(uid, container.name));
  FL_TRY(const ContainerStatus before, container_status(paths, uid, container.name));
  if (stands(before)) return {};
  // Also when absent: a mount or bundle of an earlier life may be there.
  FL_TRY_OK(remove_container(paths, uid, container.name));
  FL_TRY(const Image image, prepare_image(paths, container.image));
  FL_TRY_OK(mount_rootfs(paths, uid, container.name, image.config.diff_ids));
  return write_bundle(paths, pod, container, image.config);
}

Result<> create_container(const NodePaths& paths, const Pod& pod, const Container& container) {
  const std::string& uid = pod.meta.uid;
  FL_TRY_OK(check_names(uid, container.name));
  FL_TRY(const ContainerStatus before, container_status(paths, uid, container.name));
  if (stands(before)) return {};
  if (!is_mount_point(paths.rootfs(uid, container.name)))
    return fail(Code::not_found, "container " + container_id(uid, container.name), "is not prepared",
                "prepare it first");
  const Result<> created = create_prepared(paths, uid, container);
  if (created) return {};
  // A conmon that an earlier caller left behind may have been faster.
  FL_TRY(const ContainerStatus after, container_status(paths, uid, container.name));
  if (after.state == ContainerState::created) return {};
  return created;
}

Result<> start_container(const NodePaths& paths, std::string_view uid, std::string_view container) {
  FL_TRY_OK(check_names(uid, container));
  const std::string id = container_id(uid, container);
  // The usual case without runc, whose process takes longer than its work.
  if (open_gate(paths, id, paths.bundle(uid, container))) return {};
  FL_TRY(const std::optional<RuncState> state, runc_state(paths, id));
  if (!state) return fail(Code::not_found, "container " + id, "does not exist", "create it first");
  if (state->status != RuncStatus::created) return {};  // started before, perhaps over already
  return runc_start(paths, id);
}

Result<> kill_container(const NodePaths& paths, std::string_view uid, std::string_view container,
                        int signal) {
  FL_TRY_OK(check_names(uid, container));
  const std::string id = container_id(uid, container);
  FL_TRY(const bool over, is_over(paths, id));
  if (over) return {};
  const Result<> killed = runc_kill(paths, id, signal);
  if (killed) return {};
  FL_TRY(const bool over_now, is_over(paths, id));  // it ended between our question and the signal
  return over_now ? Result<>() : killed;
}

Result<> remove_container(const NodePaths& paths, std::string_view uid, std::string_view container) {
  FL_TRY_OK(check_names(uid, container));
  const std::string id = container_id(uid, container);
  FL_TRY(const std::optional<RuncState> state, runc_state(paths, id));
  if (state) {
    FL_TRY_OK(kill_and_wait(paths, uid, container));
    FL_TRY_OK(conmon_wait(id, paths.bundle(uid, container)));  // it writes the exit code first
    FL_TRY_OK(runc_delete(paths, id));
  }
  std::error_code error;
  fs::remove_all(paths.attach() / id, error);  // conmon leaves its socket
  if (error) return fail(Code::io, (paths.attach() / id).string(), error.message());
  return unmount_rootfs(paths, uid, container);
}

Result<ContainerStatus> container_status(const NodePaths& paths, std::string_view uid,
                                         std::string_view container) {
  FL_TRY_OK(check_names(uid, container));
  FL_TRY(const std::optional<RuncState> state, runc_state(paths, container_id(uid, container)));
  return describe(paths, uid, container, state);
}

Result<std::vector<ContainerStatus>> list_containers(const NodePaths& paths) {
  FL_TRY(const std::vector<RuncState> states, runc_list(paths));
  std::vector<ContainerStatus> result;
  for (const RuncState& state : states) {
    const std::size_t dot = state.id.find('.');
    if (dot == std::string::npos) continue;  // not one of ours
    const std::string_view id = state.id;
    result.push_back(describe(paths, id.substr(0, dot), id.substr(dot + 1), state));
  }
  return result;
}

}  // namespace fairlead::runtime
