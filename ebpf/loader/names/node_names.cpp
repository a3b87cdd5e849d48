// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/names/node_names.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <iterator>
#include <linux/types.h>
#include <sys/mman.h>
#include <utility>

#include "base/io/log.h"
#include "dataplane/fwd/dns/counts.h"
#include "dataplane/fwd/dns/rows.h"
#include "ebpf/loader/maps.h"

namespace fairlead::ebpf {
namespace {

struct Count {
  const char* name;
  const char* meaning;
};

constexpr Count kCounts[] = {
#define FL_COUNT(name, meaning) {#name, meaning},
    FWD_DNS_ANSWERS(FL_COUNT) FWD_DNS_KINDS(FL_COUNT) FWD_DNS_REASONS(FL_COUNT)
#undef FL_COUNT
};
static_assert(std::size(kCounts) == FWD_DNS_COUNTS);

// An array map's values, as its programs see them.
template <class T>
class Mapped {
 public:
  Mapped() = default;
  Mapped(Mapped&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)), count_(other.count_) {}
  Mapped& operator=(Mapped&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~Mapped() {
    if (memory_ != nullptr) ::munmap(memory_, count_ * sizeof(T));
  }

  static Result<Mapped> of(const NodeDataplane& dataplane, const char* map, std::size_t count) {
    static_assert(sizeof(T) % 8 == 0);  // as the kernel lays out an array map
    Mapped mapped;
    void* memory =
        ::mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, dataplane.map_fd(map), 0);
    if (memory == MAP_FAILED) return std::unexpected(os_error(errno, std::string("table ") + map));
    mapped.memory_ = static_cast<T*>(memory);
    mapped.count_ = count;
    return mapped;
  }
  std::span<T> values() const { return {memory_, count_}; }

 private:
  T* memory_ = nullptr;
  std::size_t count_ = 0;
};

// Nothing waits for it but the reuse of memory, which a packet may then still read.
void wait() {
  if (const Result<> waited = wait_for_readers(); !waited)
    log::error("names that were replaced may be read while they are written over",
               {{"why", format(waited.error())}});
}

}  // namespace

struct NodeNames::State {
  Mapped<fwd_dns_switch> row;
  Mapped<fwd_dns_view> views;
  Mapped<fwd_dns_bucket> buckets;
  Mapped<fwd_dns_slab> slabs;
  int counts = -1;
  std::unique_ptr<model::NamePublisher> publisher;
};

NodeNames::NodeNames(std::unique_ptr<State> state) : state_(std::move(state)) {}
NodeNames::NodeNames(NodeNames&&) noexcept = default;
NodeNames& NodeNames::operator=(NodeNames&&) noexcept = default;
NodeNames::~NodeNames() = default;

Result<NodeNames> NodeNames::open(const NodeDataplane& dataplane, std::uint64_t seed) {
  auto state = std::make_unique<State>();
  FL_TRY(state->row, Mapped<fwd_dns_switch>::of(dataplane, "dns_switch", 1));
  FL_TRY(state->views, Mapped<fwd_dns_view>::of(dataplane, "dns_views", FWD_DNS_VIEWS));
  FL_TRY(state->buckets, Mapped<fwd_dns_bucket>::of(dataplane, "dns_buckets", FWD_DNS_BUCKETS));
  FL_TRY(state->slabs, Mapped<fwd_dns_slab>::of(dataplane, "dns_slabs", FWD_DNS_SLABS));
  state->counts = dataplane.map_fd("dns_counts");
  const model::NameMemory memory{state->row.values()[0], state->views.values(), state->buckets.values(),
                                 state->slabs.values()};
  state->publisher = std::make_unique<model::NamePublisher>(memory, seed, FWD_DNS_NAMES, wait);
  return NodeNames(std::move(state));
}

model::NamePublisher& NodeNames::publisher() { return *state_->publisher; }

Result<std::vector<NameCount>> NodeNames::counts() const {
  std::vector<NameCount> all;
  std::vector<__u64> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (std::uint32_t i = 0; i < FWD_DNS_COUNTS; ++i) {
    if (bpf_map_lookup_elem(state_->counts, &i, cpus.data()) != 0)
      return std::unexpected(os_error(errno, "dns_counts"));
    NameCount count{kCounts[i].name, kCounts[i].meaning, i < FWD_DNS_COUNT_REASONS, 0};
    for (const __u64 cpu : cpus) count.queries += cpu;
    all.push_back(std::move(count));
  }
  return all;
}

}  // namespace fairlead::ebpf
