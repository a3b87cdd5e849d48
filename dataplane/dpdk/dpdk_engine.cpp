// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/dpdk_engine.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>
#include <sched.h>
#include <span>
#include <thread>
#include <utility>

#include "dataplane/dpdk/memory/huge_pages.h"
#include "dataplane/dpdk/memory/kept_memory.h"
#include "dataplane/dpdk/ports/port.h"
#include "dataplane/dpdk/worker.h"

namespace fairlead::dpdk {
namespace {

constexpr unsigned kBuffersOfQueue =
    4096;  // rings of both ways, 2048 that net_af_xdp's kernel holds, the burst

std::vector<int> cpus() {
  cpu_set_t set;
  std::vector<int> found;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return found;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) found.push_back(cpu);
  return found;
}

Result<> valid(const DpdkOptions& options) {
  const std::size_t most = std::min<std::size_t>(cpus().size(), model::kMaxEdgeWorkers);
  if (options.devices.empty())
    return fail(Code::invalid, "dpdk", "no device is named", "name one: net_af_packet0,iface=eth1");
  if (options.workers == 0 || options.workers > most)
    return fail(Code::invalid, "dpdk",
                std::to_string(options.workers) + " workers on " + std::to_string(most) + " CPUs",
                "ask for 1 to " + std::to_string(most));
  if (!std::has_single_bit(options.buckets))
    return fail(Code::invalid, "dpdk", std::to_string(options.buckets) + " buckets are no power of two",
                "ask for a power of two");
  return {};
}

std::uint64_t read(const __u64& from) { return __atomic_load_n(&from, __ATOMIC_RELAXED); }

struct Crew {
  explicit Crew(model::EdgeMemory& memory) : worker(memory) {}
  Worker worker;
  WorkerOrder order;
  Losses losses;
  std::thread thread;
};

}  // namespace

struct DpdkEngine::State {
  explicit State(const DpdkOptions& of) : options(of) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    stop = true;
    for (const auto& one : crew)
      if (one->thread.joinable()) one->thread.join();
    ports.clear();
    rte_free(readers);
    rte_mempool_free(buffers);
  }

  Result<> make_memory() {
    if (options.keep.empty()) {
      memory = &**(heap = std::make_unique<model::EdgeHeap>(options.buckets));
      use_huge_pages(*memory);
      return {};
    }
    FL_TRY(KeptMemory found, KeptMemory::open(options.keep, options.buckets));
    kept = std::make_unique<KeptMemory>(std::move(found));
    memory = &**kept;
    return {};
  }

  Result<> make_buffers() {
    const std::size_t queues = (options.devices.size() + options.taps.size()) * options.workers;
    static std::atomic<unsigned> pools = 0;
    const std::string name = "edge" + std::to_string(pools++);
    buffers = rte_pktmbuf_pool_create(name.c_str(), static_cast<unsigned>(queues) * kBuffersOfQueue - 1, 256,
                                      0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    readers =
        static_cast<rte_rcu_qsbr*>(rte_zmalloc("edge", rte_rcu_qsbr_get_memsize(model::kMaxEdgeWorkers), 64));
    if (buffers == nullptr || readers == nullptr || rte_rcu_qsbr_init(readers, model::kMaxEdgeWorkers) != 0)
      return fail(Code::exhausted, "dpdk", std::string("no memory for packets: ") + rte_strerror(rte_errno),
                  "give it more memory");
    return {};
  }

  Result<> open_ports() {
    for (const std::string& device : options.devices) {
      FL_TRY(Port port, Port::open(device, options.workers, buffers));
      port.listen_to_all();
      seen_ports.push_back({port.id(), port.may_lack_sums(), false, port.filter(),
                            port.kernel_sees_all() ? kHasItsCopy : kNobody});
      ports.push_back(std::move(port));
    }
    return {};
  }

  // By its tap the kernel is on the link that a device has taken from it.
  Result<> open_taps() {
    std::size_t next = 0;
    for (std::uint32_t device = 0; device < options.devices.size() && next < options.taps.size(); ++device) {
      if (ports[device].kernel_sees_all()) continue;
      std::string made = options.vhost
                             ? "net_virtio_user" + std::to_string(device) +
                                   ",path=/dev/vhost-net,queues=" + std::to_string(options.workers) +
                                   ",queue_size=1024"
                             : "net_tap_host" + std::to_string(device);
      made += ",iface=" + options.taps[next++];
      if (const std::string mac = ports[device].mac(); !mac.empty()) made += ",mac=" + mac;
      FL_TRY(Port tap, Port::open(made, options.workers, buffers));
      tap.stay();
      seen_ports[device].other = static_cast<std::uint32_t>(seen_ports.size());
      seen_ports.push_back({tap.id(), false, true, 0, device});
      ports.push_back(std::move(tap));
    }
    return {};
  }

  void make_crew() {
    const std::vector<int> free = cpus();
    for (unsigned i = 0; i < options.workers; ++i) {
      Crew& one = *crew.emplace_back(std::make_unique<Crew>(*memory));
      one.worker.probes = &probes;
      one.order = {seen_ports, static_cast<std::uint16_t>(i), free[i], readers, &stop, options.fixed_beat};
    }
  }

  DpdkOptions options;
  std::unique_ptr<KeptMemory> kept;  // `memory` stands in one of these
  std::unique_ptr<model::EdgeHeap> heap;
  model::EdgeMemory* memory = nullptr;
  rte_mempool* buffers = nullptr;
  rte_rcu_qsbr* readers = nullptr;
  std::vector<Port> ports;
  std::vector<WorkerPort> seen_ports;
  std::vector<std::unique_ptr<Crew>> crew;
  ProbePorts probes{};
  std::atomic<bool> stop = false;
};

DpdkEngine::DpdkEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
DpdkEngine::~DpdkEngine() = default;

Result<std::unique_ptr<DpdkEngine>> DpdkEngine::open(const DpdkOptions& options) {
  FL_TRY_OK(valid(options));
  auto state = std::make_unique<State>(options);
  FL_TRY_OK(state->make_memory());
  EalOptions eal = options.eal;
  std::ranges::copy_if(options.devices, std::back_inserter(eal.pci), is_pci);
  FL_TRY_OK(start_eal(eal));
  FL_TRY_OK(state->make_buffers());
  FL_TRY_OK(state->open_ports());
  FL_TRY_OK(state->open_taps());
  state->make_crew();
  return std::unique_ptr<DpdkEngine>(new DpdkEngine(std::move(state)));
}

Result<> DpdkEngine::start() {
  for (const auto& one : state_->crew)
    one->thread = std::thread([crew = one.get()] { work(crew->worker, crew->order, crew->losses); });
  return {};
}

Result<> DpdkEngine::apply(const model::TablePatch& patch) {
  return model::apply_to(state_->memory->tables, patch, [this]() -> Result<> {
    rte_rcu_qsbr_synchronize(state_->readers, RTE_QSBR_THRID_INVALID);
    return {};
  });
}

const model::EdgeMemory& DpdkEngine::memory() const { return *state_->memory; }

std::uint64_t DpdkEngine::beat() const {
  return state_->options.fixed_beat ? state_->options.fixed_beat : beat_now();
}

bool DpdkEngine::forgot_flows() const { return state_->kept && state_->kept->forgot_flows(); }

Result<std::vector<fwd_counter>> DpdkEngine::counters() const {
  std::vector<fwd_counter> sums(FWD_VERDICT_COUNT);
  for (const auto& one : state_->crew)
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i].packets += read(one->worker.counters[i].packets);
      sums[i].bytes += read(one->worker.counters[i].bytes);
    }
  return sums;
}

Result<std::vector<fwd_last_drop>> DpdkEngine::last_drops() const {
  std::vector<fwd_last_drop> newest(FWD_VERDICT_COUNT);
  for (const auto& one : state_->crew)
    for (std::size_t i = 0; i < newest.size(); ++i)
      if (one->worker.last_drops[i].time > newest[i].time) newest[i] = one->worker.last_drops[i];
  return newest;
}

Result<fwd_edge_served> DpdkEngine::served(std::uint32_t server) const {
  fwd_edge_served sum{};
  if (server >= FWD_EDGE_SERVERS) return sum;
  for (const auto& one : state_->crew) {
    const fwd_edge_served& of = one->worker.served[server];
    sum.packets += read(of.packets);
    sum.bytes += read(of.bytes);
    sum.flows += read(of.flows);
  }
  return sum;
}

Result<std::vector<model::EdgePort>> DpdkEngine::ports() const {
  std::vector<model::EdgePort> ports;
  for (const Port& port : std::span(state_->ports).first(state_->options.devices.size()))
    ports.push_back({port.name(), static_cast<std::uint32_t>(ports.size() + 1), port.driver()});
  return ports;
}

Result<std::vector<model::EdgeStage>> DpdkEngine::stages() const {
  std::vector<model::EdgeStage> stages;
  for (std::size_t step = 0; step < kSteps; ++step) {
    model::EdgeStage sum{kStepNames[step], 0, 0};
    for (const auto& one : state_->crew) {
      sum.packets += read(one->worker.steps[step].packets);
      *sum.cycles += read(one->worker.steps[step].cycles);
    }
    stages.push_back(std::move(sum));
  }
  return stages;
}

std::vector<model::EdgeLoss> DpdkEngine::losses() const {
  std::uint64_t port = 0, host = 0, nowhere = 0, others = 0;
  for (const auto& one : state_->crew) {
    port += read(one->losses.port);
    host += read(one->losses.host);
    nowhere += read(one->losses.nowhere);
    others += read(one->losses.others);
  }
  return {{"PORT_FULL", "a device took no more packets", port},
          {"HOST_FULL", "the kernel's tap took no more packets", host},
          {"HOST_NONE", "for this machine, by a device without a tap", nowhere},
          {"HOST_OTHER", "for another machine's MAC: the switch floods", others}};
}

void DpdkEngine::steer_probes(std::uint16_t port, std::uint32_t server) {
  __atomic_store_n(&state_->probes[port], static_cast<std::uint16_t>(server), __ATOMIC_RELAXED);
}

}  // namespace fairlead::dpdk
