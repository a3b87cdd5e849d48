// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/edge/xdp_engine.h"

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <map>
#include <net/if.h>
#include <sys/mman.h>
#include <system_error>
#include <utility>

#include "dataplane/fwd/abi.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/edge/edge_stages.h"
#include "ebpf/loader/edge/probe_links.h"
#include "ebpf/loader/libbpf_words.h"
#include "ebpf/loader/maps.h"
#include "ebpf/loader/pins.h"
#include "edge_bpf.skel.h"

namespace fairlead::ebpf {
namespace {

namespace fs = std::filesystem;

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

// Beats of 4 ms from the kernel's jiffies, whose length the coarse clock tells.
struct BeatScale {
  std::uint32_t times = 1, shift = 0;
};
BeatScale beat_scale() {
  timespec tick{};
  ::clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  const std::uint64_t hertz = (1000000000ULL + static_cast<std::uint64_t>(tick.tv_nsec) / 2) /
                              static_cast<std::uint64_t>(std::max(tick.tv_nsec, 1L));
  BeatScale scale{static_cast<std::uint32_t>((FWD_BEATS_PER_SECOND * 65536ULL + hertz / 2) / hertz), 16};
  for (; scale.shift > 0 && scale.times % 2 == 0; --scale.shift) scale.times /= 2;
  return scale;
}

std::vector<std::uint32_t> pinned_links(const fs::path& folder) {
  std::vector<std::uint32_t> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    std::uint32_t index = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), index).ec == std::errc())
      found.push_back(index);
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

struct XdpEngine::State {
  edge_bpf* bpf = nullptr;
  std::vector<Mapping> mappings;
  model::EdgeMemory memory;
  fs::path pins;
  std::map<std::uint32_t, Fd> unpinned;  // links by their interface
  std::unique_ptr<ProbeLinks> probes;
  bool forgot_flows = false;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { edge_bpf__destroy(bpf); }

  int map(const char* name) const { return bpf_object__find_map_fd_by_name(bpf->obj, name); }
  fs::path beside(const std::string& name) const {
    return pins.empty() ? fs::path() : pins.parent_path() / name;
  }
  fs::path attached() const { return beside("attached"); }
  fs::path kept() const { return beside("state-v" + std::to_string(FWD_EDGE_STATE_VERSION)); }

  Result<> map_all(std::uint32_t buckets) {
    FL_TRY(memory,
           model::place_edge_memory(buckets, [this](const char* name, std::size_t bytes) -> Result<void*> {
             FL_TRY(Mapping mapping, Mapping::of(map(name), name, bytes));
             return mappings.emplace_back(std::move(mapping)).memory();
           }));
    return {};
  }

  Result<> detach(std::uint32_t index) {
    unpinned.erase(index);
    bpf_map_delete_elem(map("edge_ports"), &index);
    FL_TRY_OK(probes->detach(index));
    return pins.empty() ? Result<>() : detach_pin(attached() / std::to_string(index));
  }

  Result<> adopt_pins() {
    const std::vector<fs::path> others = of_other_versions();
    std::error_code error;
    forgot_flows = !others.empty() && !fs::exists(kept() / "edge_flows", error);
    for (const fs::path& folder : {pins, kept(), attached()}) FL_TRY_OK(make_pin_folder(folder));
    return pin_maps(bpf->obj, [this](std::string_view map) {
      if (map == "edge_scratch") return fs::path();
      return model::outlives_tables(map) ? kept() : pins;
    });
  }

  std::vector<fs::path> of_other_versions() const {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it(pins.parent_path(), error), end; !error && it != end; it.increment(error))
      if (it->path() != pins && it->path() != attached() && it->path() != kept()) found.push_back(it->path());
    return found;
  }
  // No link reads them any more.
  void remove_others() const {
    std::error_code error;
    for (const fs::path& other : of_other_versions()) fs::remove_all(other, error);
  }
};

fs::path edge_pin_folder(const std::string& name) {
  return fs::path("/sys/fs/bpf/fairlead") / name / "edge" / ("v" + std::to_string(FWD_ABI_VERSION));
}

XdpEngine::XdpEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
XdpEngine::~XdpEngine() = default;

Result<std::unique_ptr<XdpEngine>> XdpEngine::open(const XdpOptions& options) {
  keep_libbpf_words();
  auto state = std::make_unique<State>();
  state->pins = options.pins;
  state->bpf = edge_bpf__open();
  if (!state->bpf) return load_error("edge program");
  // A pinned flow table stays as large as it was made: its flows outlive the wish.
  const auto pinned = options.pins.empty() ? std::nullopt : pinned_capacity(state->kept() / "edge_flows");
  const std::uint32_t buckets = pinned.value_or(options.buckets);
  const BeatScale scale = beat_scale();
  state->bpf->rodata->beats_times = scale.times;
  state->bpf->rodata->beats_shift = scale.shift;
  state->bpf->rodata->tests_set_time = options.fixed_beat != 0;
  state->bpf->bss->test_beat = options.fixed_beat;
  bpf_map__set_max_entries(state->bpf->maps.edge_flows, buckets);
  if (!options.pins.empty()) FL_TRY_OK(state->adopt_pins());
  if (edge_bpf__load(state->bpf) != 0) return load_error("edge program");
  FL_TRY_OK(state->map_all(buckets));
  FL_TRY(state->probes, ProbeLinks::open(state->bpf->obj, state->attached()));
  return std::unique_ptr<XdpEngine>(new XdpEngine(std::move(state)));
}

Result<> XdpEngine::attach(const std::string& link, XdpMode mode) {
  const std::uint32_t index = ::if_nametoindex(link.c_str());
  if (index == 0)
    return fail(Code::not_found, "interface " + link, "is not here", "ip link shows those that are");
  state_->unpinned.erase(index);
  if (bpf_map_update_elem(state_->map("edge_ports"), &index, &index, BPF_ANY) != 0)
    return std::unexpected(os_error(errno, "interface " + link, "serve at most 64 links"));
  const fs::path pin = state_->pins.empty() ? fs::path() : state_->attached() / std::to_string(index);
  Result<Fd> held = attach_xdp(program_fd(), index, mode, pin);
  if (!held) return std::unexpected(std::move(held.error()).within(link));
  FL_TRY_OK(state_->probes->attach(index));
  if (pin.empty())
    state_->unpinned.insert_or_assign(index, std::move(*held));
  else
    state_->remove_others();
  return {};
}

Result<> XdpEngine::detach(const std::string& link) {
  const std::uint32_t index = ::if_nametoindex(link.c_str());
  return index == 0 ? Result<>() : state_->detach(index);
}

Result<> XdpEngine::detach_others(const std::vector<std::string>& links) {
  std::vector<std::uint32_t> kept;
  for (const std::string& link : links) kept.push_back(::if_nametoindex(link.c_str()));
  for (const std::uint32_t index : pinned_links(state_->attached()))
    if (std::ranges::find(kept, index) == kept.end()) FL_TRY_OK(state_->detach(index));
  return {};
}

Result<> XdpEngine::apply(const model::TablePatch& patch) {
  return model::apply_to(state_->memory.tables, patch, wait_for_readers);
}

const model::EdgeMemory& XdpEngine::memory() const { return state_->memory; }
void XdpEngine::set_beat(std::uint64_t beat) { state_->bpf->bss->test_beat = beat; }

bool XdpEngine::forgot_flows() const { return state_->forgot_flows; }
int XdpEngine::program_fd() const { return bpf_program__fd(state_->bpf->progs.from_outside); }

std::uint64_t XdpEngine::beat() const {
  std::array<std::uint64_t, 8> frame{};
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = frame.data();
  options.data_out = frame.data();
  options.data_size_in = options.data_size_out = sizeof frame;
  options.repeat = 1;
  return bpf_prog_test_run_opts(bpf_program__fd(state_->bpf->progs.read_beat), &options) == 0 ? frame[0] : 0;
}

Result<std::vector<fwd_counter>> XdpEngine::verdicts() const {
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

Result<std::vector<fwd_counter>> XdpEngine::counters() const {
  FL_TRY(std::vector<fwd_counter> sums, verdicts());
  const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
  std::vector<std::uint32_t> keys(FWD_EDGE_SERVERS);
  std::vector<fwd_edge_served> all(keys.size() * cpus);
  std::uint32_t count = FWD_EDGE_SERVERS, next = 0;
  const int bad = bpf_map_lookup_batch(state_->map("edge_served"), nullptr, &next, keys.data(), all.data(),
                                       &count, nullptr);
  if (bad != 0 && errno != ENOENT) return std::unexpected(os_error(errno, "counters", "while reading them"));
  for (const fwd_edge_served& server : all) {
    sums[FWD_TO_BACKEND].packets += server.packets;
    sums[FWD_TO_BACKEND].bytes += server.bytes;
  }
  return sums;
}

Result<std::vector<fwd_last_drop>> XdpEngine::last_drops() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::uint64_t now_ns =
      static_cast<std::uint64_t>(now.tv_sec) * 1000000000ULL + static_cast<std::uint64_t>(now.tv_nsec);
  const std::uint64_t now_beat = beat();
  std::vector<fwd_last_drop> newest(FWD_VERDICT_COUNT);
  for (std::uint32_t verdict = FWD_FIRST_DROP; verdict < newest.size(); ++verdict) {
    FL_TRY(const auto cpus, per_cpu<fwd_last_drop>(state_->map("last_drops"), verdict));
    fwd_last_drop& last = newest[verdict] = *std::ranges::max_element(cpus, {}, &fwd_last_drop::time);
    if (last.time == 0) continue;  // none; the program writes the beat
    const std::uint64_t ago_ns =
        (now_beat - std::min<std::uint64_t>(last.time, now_beat)) * (1000000000ULL / FWD_BEATS_PER_SECOND);
    last.time = now_ns - std::min<std::uint64_t>(ago_ns, now_ns - 1);
  }
  return newest;
}

Result<fwd_edge_served> XdpEngine::served(std::uint32_t server) const {
  FL_TRY(const auto cpus, per_cpu<fwd_edge_served>(state_->map("edge_served"), server));
  fwd_edge_served sum{};
  for (const fwd_edge_served& cpu : cpus) {
    sum.packets += cpu.packets;
    sum.bytes += cpu.bytes;
    sum.flows += cpu.flows;
  }
  return sum;
}

Result<std::vector<model::EdgePort>> XdpEngine::ports() const {
  std::vector<model::EdgePort> ports;
  std::vector<std::uint32_t> links = pinned_links(state_->attached());
  for (const auto& [index, link] : state_->unpinned) links.push_back(index);
  for (const std::uint32_t index : links) {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(index, name.data()) == nullptr) continue;  // gone
    FL_TRY(const XdpMode mode, xdp_mode_of(index));
    ports.push_back({name.data(), index, mode == XdpMode::generic ? "generic" : "native"});
  }
  return ports;
}

Result<std::vector<model::EdgeStage>> XdpEngine::stages() const {
  FL_TRY(const std::vector<fwd_counter> sums, counters());
  return model::edge_stages(sums);
}

}  // namespace fairlead::ebpf
