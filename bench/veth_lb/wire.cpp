// SPDX-License-Identifier: Apache-2.0
#include "bench/veth_lb/wire.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <limits>
#include <net/if.h>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

#include "base/io/fd.h"
#include "bench/edge/service.h"
#include "bench/support/run.h"
#include "ebpf/loader/links.h"
#include "live_bpf.skel.h"

namespace fairlead::bench {
namespace {

constexpr const char* kNear = "near";
constexpr std::uint32_t kBatch = 64;  // frames between two turns of the links' own work
constexpr int kWaits = 100, kWait_us = 200;
constexpr int kTries = 10;  // of a round that loses frames
constexpr std::uint16_t kVxlan = 4789;

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(format(result.error()));
  return std::move(*result);
}

// This core's ksoftirqd takes over what softirq leaves. None: a container sees no threads of the kernel.
std::optional<std::filesystem::path> helper_of(int core) {
  const std::string name = "ksoftirqd/" + std::to_string(core);
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::string said;
    std::getline(std::ifstream(entry.path() / "comm"), said);
    if (said == name) return entry.path() / "schedstat";
  }
  return std::nullopt;
}

double nanoseconds_of(const std::filesystem::path& schedstat) {
  double ns = 0;
  if (!(std::ifstream(schedstat) >> ns)) throw std::runtime_error(schedstat.string() + " cannot be read");
  return ns;
}

// The driver's own count, of frames that go no further than XDP, too. Of this thread's network namespace.
std::uint64_t received_by(const std::string& link) {
  std::ifstream links("/proc/thread-self/net/dev");
  for (std::string name; links >> name; links.ignore(std::numeric_limits<std::streamsize>::max(), '\n')) {
    std::uint64_t bytes = 0, packets = 0;
    if (name == link + ":" && links >> bytes >> packets) return packets;
  }
  throw std::runtime_error(link + ": the kernel says nothing of its packets");
}

}  // namespace

struct Wire::State {
  live_bpf* bpf = nullptr;
  Fd near, far;  // links of XDP
  std::optional<std::filesystem::path> helper;
  double accounted = 0;  // of the time that passed, at best
  std::uint32_t repeated = 0;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { live_bpf__destroy(bpf); }

  Fd attach(const bpf_program* program, const char* link) const {
    return must(
        ebpf::attach_xdp(bpf_program__fd(program), ::if_nametoindex(link), ebpf::XdpMode::native, {}));
  }

  double cpu_ns() const { return thread_cpu_ns() + (helper ? nanoseconds_of(*helper) : 0); }

  void send(std::uint32_t frames) {
    std::array<std::uint8_t, kFrameBytes> frame{};
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = kFrameBytes;
    options.repeat = static_cast<int>(frames);
    options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
    options.batch_size = kBatch;
    if (bpf_prog_test_run_opts(bpf_program__fd(bpf->progs.generate), &options) != 0)
      refuse("BPF_F_TEST_XDP_LIVE_FRAMES");
  }
};

Wire::Wire() : state_(std::make_unique<State>()) {
  if (::unshare(CLONE_NEWNET) != 0) refuse("a network namespace (root makes them)");
  // IPv6 would say hello on the links.
  const std::string made = fmt::format(
      "(echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6) 2>/dev/null;"
      "ip link add {0} type veth peer name {1} && ip link set {0} up && ip link set {1} up",
      kNear, kFar);
  if (std::system(made.c_str()) != 0) throw std::runtime_error("a veth pair cannot be made: " + made);
  state_->helper = helper_of(last_core());
  state_->bpf = live_bpf__open_and_load();
  if (state_->bpf == nullptr) refuse("loading the programs of the wire");
  state_->bpf->bss->wire.out = ::if_nametoindex(kNear);
  state_->near = state_->attach(state_->bpf->progs.count, kNear);
}
Wire::~Wire() = default;

void Wire::attach_swap() { state_->far = state_->attach(state_->bpf->progs.swap, kFar); }
void Wire::detach_swap() { state_->far.reset(); }

void Wire::set(const Frame& frame, std::uint32_t flows) { set_fresh(state_->bpf->bss->fresh, frame, flows); }

// None: a frame was lost.
std::optional<double> Wire::try_round(std::uint32_t frames) {
  const volatile auto& wire = state_->bpf->bss->wire;
  const double from = state_->cpu_ns(), began = wall_ns();
  state_->send(frames);
  for (int i = 0; i < kWaits && wire.good + wire.bad < frames; ++i) ::usleep(kWait_us);  // for ksoftirqd
  const double took = state_->cpu_ns() - from, passed = wall_ns() - began;
  if (wire.bad > 0) throw std::runtime_error(fmt::format("{} frames came back as they should not", wire.bad));
  if (wire.good != frames) return std::nullopt;
  state_->accounted = std::max(state_->accounted, took / passed);
  return took / frames;
}

double Wire::round_ns(std::uint32_t frames, std::uint32_t vni) {
  auto& wire = state_->bpf->bss->wire;
  wire.bytes = kFrameBytes + (vni == 0 ? 0 : kTunnelBytes);
  wire.port_be = htons(kVxlan);
  wire.vni_be = htonl(vni << 8);
  std::uint64_t before = 0;
  for (int tries = 0; tries < kTries; ++tries) {
    wire.good = wire.bad = 0;
    before = arrived();
    if (const auto ns = try_round(frames)) return *ns;
    ++state_->repeated;
  }
  throw std::runtime_error(
      fmt::format("of {} frames {} reached the far end and {} came back; {} rounds in a row lost some",
                  frames, arrived() - before, wire.good, kTries));
}

std::uint64_t Wire::arrived() const { return received_by(kFar); }
std::uint32_t Wire::repeated() const { return state_->repeated; }
bool Wire::sees_helper() const { return state_->helper.has_value(); }
double Wire::accounted() const { return state_->accounted; }

}  // namespace fairlead::bench
