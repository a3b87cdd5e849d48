// SPDX-License-Identifier: Apache-2.0
// Namespaces are bind mounts of /proc/thread-self/ns/net made by a thread that
// unshared; `ip netns add` is avoided because it leaves /run/netns mounted.
#include "tests/support/netlab.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdexcept>
#include <string_view>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>

#include "base/io/fd.h"

namespace fairlead::test {
namespace {

namespace fs = std::filesystem;
constexpr const char* kNetns = "/run/netns";

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

void remove_space(const fs::path& path) {
  ::umount2(path.c_str(), MNT_DETACH);
  ::unlink(path.c_str());
}

// The pid in flt-TAG-PID-SPACE, or 0.
pid_t owner_of(std::string_view name) {
  if (!name.starts_with("flt-")) return 0;
  const auto begin = name.find('-', 4);
  if (begin == std::string_view::npos) return 0;
  pid_t pid = 0;
  std::from_chars(name.data() + begin + 1, name.data() + name.size(), pid);
  return pid;
}

void remove_orphans() {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(kNetns, none)) {
    const pid_t pid = owner_of(entry.path().filename().string());
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) remove_space(entry.path());
  }
}

// Runs `body` on a thread of its own, so that the caller's namespace stays.
void on_thread(const std::function<void()>& body) {
  std::exception_ptr error;
  std::thread([&] {
    try {
      body();
    } catch (...) {
      error = std::current_exception();
    }
  }).join();
  if (error) std::rethrow_exception(error);
}

void make_space(const fs::path& path) {
  fs::create_directories(kNetns);
  const Fd place(::open(path.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!place) refuse(path.string());
  on_thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) refuse("unshare");
    if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0)
      refuse(path.string());
  });
}

constexpr const char* kSettle =
    "ip link set lo up;"
    "for f in all default; do"
    " echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter;"
    " echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad;"
    " echo 1 > /proc/sys/net/ipv6/conf/$f/forwarding;"
    "done; echo 1 > /proc/sys/net/ipv4/ip_forward";

}  // namespace

NetLab::NetLab(std::string tag) : prefix_("flt-" + std::move(tag) + "-" + std::to_string(::getpid()) + "-") {
  if (const auto why = missing()) throw std::runtime_error(*why);
  remove_orphans();
}

NetLab::~NetLab() {
  processes_.clear();
  for (const std::string& space : spaces_) remove_space(path(space));
}

std::optional<std::string> NetLab::missing() {
  if (::geteuid() != 0) return "network namespaces need root";
  if (!fs::exists("/proc/self/ns/net")) return "the kernel has no network namespaces";
  return std::nullopt;
}

fs::path NetLab::path(const std::string& space) const { return fs::path(kNetns) / (prefix_ + space); }

void NetLab::add(const std::string& space) {
  make_space(path(space));
  spaces_.push_back(space);
  sh(space, kSettle);
}

void NetLab::veth(const std::string& a, const std::string& link_a, const std::string& b,
                  const std::string& link_b) {
  sh(a, "ip link add " + link_a + " type veth peer name " + link_b + " netns " + path(b).filename().string());
  sh(a, "ip link set " + link_a + " up");
  sh(b, "ip link set " + link_b + " up");
}

void NetLab::underlay(int nodes, int mtu) {
  const std::string size = std::to_string(mtu);
  add("sw");
  sh("sw", "ip link add br0 type bridge && ip link set br0 mtu " + size +
               " up; for f in iptables ip6tables arptables; do"
               " echo 0 > /proc/sys/net/bridge/bridge-nf-call-$f; done 2>/dev/null; true");
  for (int k = 1; k <= nodes; ++k) {
    const std::string node = "n" + std::to_string(k);
    add(node);
    veth("sw", node, node, "eth0");
    sh("sw", "ip link set " + node + " mtu " + size + " master br0");
    sh(node, "ip link set eth0 mtu " + size + " && ip addr add 192.168.77." + std::to_string(k) +
                 "/24 dev eth0 && ip addr add fd77::" + std::to_string(k) + "/64 dev eth0 nodad");
  }
}

Finished NetLab::run(const std::string& space, Argv argv, std::chrono::milliseconds limit) const {
  return test::run({.argv = std::move(argv), .netns = path(space), .env = {}, .log = {}}, limit);
}

std::string NetLab::sh(const std::string& space, const std::string& command) const {
  Finished done = run(space, {"sh", "-c", command});
  if (!done.ok()) throw std::runtime_error(space + ": " + command + ": " + done.output);
  return std::move(done.output);
}

Process& NetLab::start(const std::string& space, Argv argv, std::vector<std::string> env) {
  const std::string number = std::to_string(processes_.size());
  const fs::path log = scratch() / (number + "-" + fs::path(argv.at(0)).filename().string() + ".log");
  return processes_.emplace_back(
      Launch{.argv = std::move(argv), .netns = path(space), .env = std::move(env), .log = log});
}

void NetLab::inside(const std::string& space, const std::function<void()>& body) const {
  on_thread([&] {
    const Fd netns(::open(path(space).c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns || ::setns(netns.get(), CLONE_NEWNET) != 0) refuse(path(space).string());
    body();
  });
}

}  // namespace fairlead::test
