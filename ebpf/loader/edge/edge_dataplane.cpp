// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/edge/edge_dataplane.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include "dataplane/fwd/verdicts.h"
#include "ebpf/loader/libbpf_words.h"
#include "ebpf/loader/maps.h"
#include "edge_bpf.skel.h"

namespace fairlead::ebpf {
namespace {

// A map's memory for as long as this lives.
class Mapping {
 public:
  static Result<Mapping> of(int map, const char* name, std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    if (memory == MAP_FAILED)
      return std::unexpected(os_error(errno, std::string("table ") + name, "while mapping it"));
    return Mapping(memory, bytes);
  }
  Mapping(Mapping&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), bytes_(other.bytes_) {}
  Mapping& operator=(Mapping&&) = delete;
  ~Mapping() {
    if (memory_ != nullptr) ::munmap(memory_, bytes_);
  }
  void* memory() const { return memory_; }

 private:
  Mapping(void* memory, std::size_t bytes) : memory_(memory), bytes_(bytes) {}
  void* memory_;
  std::size_t bytes_;
};

// Of one key of a map whose every CPU has its own value.
template <class T>
Result<std::vector<T>> per_cpu(int map, std::uint32_t key) {
  static_assert(sizeof(T) % 8 == 0);
  std::vector<T> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  if (bpf_map_lookup_elem(map, &key, values.data()) != 0)
    return std::unexpected(os_error(errno, "counters", "while reading them"));
  return values;
}

}  // namespace

struct EdgeDataplane::State {
  edge_bpf* bpf = nullptr;
  std::vector<Mapping> mappings;
  model::EdgeMemory memory;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { edge_bpf__destroy(bpf); }

  int map(const char* name) const { return bpf_object__find_map_fd_by_name(bpf->obj, name); }

  Result<> map_all(std::uint32_t buckets) {
    FL_TRY(memory,
           model::place_edge_memory(buckets, [this](const char* name, std::size_t bytes) -> Result<void*> {
             FL_TRY(Mapping mapping, Mapping::of(map(name), name, bytes));
             return mappings.emplace_back(std::move(mapping)).memory();
           }));
    return {};
  }
};

EdgeDataplane::EdgeDataplane(std::unique_ptr<State> state) : state_(std::move(state)) {}
EdgeDataplane::~EdgeDataplane() = default;

Result<std::unique_ptr<EdgeDataplane>> EdgeDataplane::open(const EdgeOptions& options) {
  keep_libbpf_words();
  auto state = std::make_unique<State>();
  state->bpf = edge_bpf__open();
  if (!state->bpf) return load_error("edge program");
  state->bpf->rodata->fixed_beat = options.fixed_beat;
  bpf_map__set_max_entries(state->bpf->maps.edge_flows, options.buckets);
  if (edge_bpf__load(state->bpf) != 0) return load_error("edge program");
  FL_TRY_OK(state->map_all(options.buckets));
  return std::unique_ptr<EdgeDataplane>(new EdgeDataplane(std::move(state)));
}

Result<> EdgeDataplane::apply(const model::TablePatch& patch) {
  return model::apply_to(state_->memory.tables, patch, wait_for_readers);
}

model::TableImage EdgeDataplane::image() const { return state_->memory.tables.image(); }
const model::EdgeMemory& EdgeDataplane::memory() const { return state_->memory; }
int EdgeDataplane::program_fd() const { return bpf_program__fd(state_->bpf->progs.from_outside); }

Result<std::vector<fwd_counter>> EdgeDataplane::counters() const {
  std::vector<fwd_counter> sums(FWD_VERDICT_COUNT);
  for (std::uint32_t verdict = 0; verdict < sums.size(); ++verdict) {
    FL_TRY(const auto cpus, per_cpu<fwd_counter>(state_->map("counters"), verdict));
    for (const fwd_counter& cpu : cpus) {
      sums[verdict].packets += cpu.packets;
      sums[verdict].bytes += cpu.bytes;
    }
  }
  return sums;
}

Result<fwd_edge_served> EdgeDataplane::served(std::uint32_t server) const {
  FL_TRY(const auto cpus, per_cpu<fwd_edge_served>(state_->map("edge_served"), server));
  fwd_edge_served sum{};
  for (const fwd_edge_served& cpu : cpus) {
    sum.packets += cpu.packets;
    sum.bytes += cpu.bytes;
    sum.flows += cpu.flows;
  }
  return sum;
}

}  // namespace fairlead::ebpf
