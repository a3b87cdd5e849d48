// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/container/bundle.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "orchestrator/runtime/confine/seccomp.h"

namespace fairlead::runtime {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kPeriodUs = 100'000;
constexpr std::uint64_t kMinQuotaUs = 1'000;  // the kernel's
constexpr std::uint64_t kMinShares = 2;
constexpr std::string_view kDefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr std::string_view kCapabilities[] = {
    "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",     "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL"};

constexpr std::string_view kMasked[] = {"/proc/acpi",        "/proc/kcore",
                                        "/proc/keys",        "/proc/latency_stats",
                                        "/proc/timer_list",  "/proc/timer_stats",
                                        "/proc/sched_debug", "/proc/scsi",
                                        "/sys/firmware",     "/sys/devices/virtual/powercap"};
constexpr std::string_view kReadOnly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                          "/proc/sysrq-trigger"};

template <class Range>
json::array texts(const Range& range) {
  json::array result;
  for (const auto& text : range) result.emplace_back(std::string_view(text));
  return result;
}

// The fields of one line of /etc/passwd or /etc/group.
std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t colon = line.find(':');
    fields.push_back(line.substr(0, colon));
    if (colon == std::string_view::npos) return fields;
    line.remove_prefix(colon + 1);
  }
}

template <class Visit>
void each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    visit(fields_of(line));
  }
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

Result<std::uint32_t> find_group(std::string_view name, std::string_view groups) {
  if (const auto id = parse_id(name)) return *id;
  std::optional<std::uint32_t> found;
  each_line(groups, [&](const std::vector<std::string_view>& f) {
    if (!found && f.size() >= 3 && f[0] == name) found = parse_id(f[2]);
  });
  if (found) return *found;
  return fail(Code::invalid, "group \"" + std::string(name) + "\"", "is not in the image's /etc/group");
}

std::vector<std::string> make_args(const BundleInput& input) {
  if (!input.container.command.empty()) return input.container.command;
  std::vector<std::string> args = input.image.entrypoint;
  args.insert(args.end(), input.image.command.begin(), input.image.command.end());
  return args;
}

void set_variable(std::vector<std::string>& env, std::string_view name, std::string_view value) {
  const std::string key = std::string(name) + "=";
  std::erase_if(env, [&](const std::string& entry) { return entry.starts_with(key); });
  env.push_back(key + std::string(value));
}

std::vector<std::string> make_environment(const BundleInput& input) {
  std::vector<std::string> env = input.image.env;
  if (std::ranges::none_of(env, [](const std::string& e) { return e.starts_with("PATH="); }))
    env.insert(env.begin(), std::string(kDefaultPath));
  set_variable(env, "HOSTNAME", input.pod_name);
  set_variable(env, "FAIRLEAD_POD", input.pod_name);
  set_variable(env, "FAIRLEAD_NAMESPACE", input.ns);
  set_variable(env, "FAIRLEAD_NODE", input.node);
  if (!input.ipv4.is_none()) set_variable(env, "FAIRLEAD_IPV4", format(input.ipv4));
  if (!input.ipv6.is_none()) set_variable(env, "FAIRLEAD_IPV6", format(input.ipv6));
  for (const auto& [name, value] : input.container.env) set_variable(env, name, value);
  return env;
}

json::object make_process(const BundleInput& input, const std::vector<std::string>& args) {
  const json::array capabilities = texts(kCapabilities);
  json::array groups;
  for (const std::uint32_t group : input.user.groups) groups.emplace_back(group);
  std::string cwd = input.image.working_dir.empty() ? "/" : input.image.working_dir;
  if (cwd.front() != '/') cwd.insert(0, "/");
  return {{"terminal", false},
          {"user", {{"uid", input.user.uid}, {"gid", input.user.gid}, {"additionalGids", groups}}},
          {"args", texts(args)},
          {"env", texts(make_environment(input))},
          {"cwd", cwd},
          {"capabilities",
           {{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
          {"noNewPrivileges", true}};
}

json::object mount(std::string_view at, std::string_view type, std::string_view source,
                   std::initializer_list<std::string_view> options) {
  return {{"destination", at}, {"type", type}, {"source", source}, {"options", texts(options)}};
}

json::array make_mounts(const BundleInput& input) {
  json::array mounts;
  mounts.push_back(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
  mounts.push_back(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  mounts.push_back(mount("/dev/pts", "devpts", "devpts",
                         {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}));
  mounts.push_back(
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}));
  mounts.push_back(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  mounts.push_back(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
  if (input.cgroup_namespace)
    mounts.push_back(
        mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}));
  for (const std::string_view file : {"hosts", "hostname", "resolv.conf"})
    mounts.push_back(mount("/etc/" + std::string(file), "bind", input.etc + "/" + std::string(file),
                           {"bind", "ro", "rprivate", "nosuid", "nodev", "noexec"}));
  return mounts;
}

// cpu: the share is the promise under contention, the quota the limit. Swap
// equals memory, so that a pod over its limit is killed, not slowed.
json::object make_resources(const Resources& wanted) {
  const std::uint64_t shares =
      std::max<std::uint64_t>(kMinShares, std::uint64_t{wanted.cpu_milli} * 1024 / 1000);
  const std::uint64_t quota =
      std::max<std::uint64_t>(kMinQuotaUs, std::uint64_t{wanted.cpu_milli} * kPeriodUs / 1000);
  json::object result = {{"devices", {{{"allow", false}, {"access", "rwm"}}}},
                         {"cpu", {{"shares", shares}, {"quota", quota}, {"period", kPeriodUs}}},
                         {"pids", {{"limit", wanted.pids}}}};
  if (wanted.memory_bytes > 0)
    result["memory"] = json::object{{"limit", wanted.memory_bytes}, {"swap", wanted.memory_bytes}};
  return result;
}

json::object make_linux(const BundleInput& input) {
  json::array namespaces;
  for (const std::string_view type : {"pid", "ipc", "uts", "mount"})
    namespaces.push_back(json::object{{"type", type}});
  if (input.cgroup_namespace) namespaces.push_back(json::object{{"type", "cgroup"}});
  namespaces.push_back(json::object{{"type", "network"}, {"path", input.netns}});
  return {{"cgroupsPath", input.cgroups_path}, {"resources", make_resources(input.container.resources)},
          {"namespaces", namespaces},          {"rootfsPropagation", "rprivate"},
          {"maskedPaths", texts(kMasked)},     {"readonlyPaths", texts(kReadOnly)},
          {"seccomp", seccomp_profile()}};
}

}  // namespace

Result<User> resolve_user(std::string_view user, std::string_view passwd, std::string_view group) {
  User result;
  if (user.empty()) return result;
  const std::size_t colon = user.find(':');
  const std::string_view name = user.substr(0, colon);
  std::string login(name);
  std::optional<std::uint32_t> uid = parse_id(name);
  const bool by_number = uid.has_value();
  bool known = false;
  each_line(passwd, [&](const std::vector<std::string_view>& f) {
    if (known || f.size() < 4 || (by_number ? parse_id(f[2]) != uid : f[0] != name)) return;
    known = true;
    login = f[0];
    uid = parse_id(f[2]);
    result.gid = parse_id(f[3]).value_or(0);
  });
  if (!uid)
    return fail(Code::invalid, "user \"" + std::string(name) + "\"", "is not in the image's /etc/passwd");
  result.uid = *uid;
  if (colon != std::string_view::npos) {
    FL_TRY(result.gid, find_group(user.substr(colon + 1), group));
    return result;  // an explicit group is the only one, as Docker has it
  }
  each_line(group, [&](const std::vector<std::string_view>& f) {
    if (!known || f.size() < 4) return;
    for (std::string_view members = f[3]; !members.empty();) {
      const std::string_view member = members.substr(0, members.find(','));
      members.remove_prefix(std::min(members.size(), member.size() + 1));
      if (const auto id = parse_id(f[2]); id && member == login) result.groups.push_back(*id);
    }
  });
  return result;
}

Result<std::string> bundle_json(const BundleInput& input) {
  const std::vector<std::string> args = make_args(input);
  if (args.empty())
    return fail(Code::invalid, "container/" + input.container.name,
                "neither it nor its image says what to run", "give it a command");
  return json::serialize(json::object{{"ociVersion", "1.0.2"},
                                      {"process", make_process(input, args)},
                                      {"root", {{"path", input.rootfs}, {"readonly", false}}},
                                      {"hostname", input.pod_name},
                                      {"mounts", make_mounts(input)},
                                      {"linux", make_linux(input)}});
}

}  // namespace fairlead::runtime
