// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/why/dry_run.h"

#include <deque>
#include <map>
#include <utility>

namespace fairlead::lb {
namespace {

std::string bytes_at(const void* from, std::size_t size) {
  // A row may change while it is read, word by word, as it may under a packet.
  std::string copy(size, '\0');
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = __atomic_load_n(
        reinterpret_cast<const std::uint64_t*>(static_cast<const char*>(from) + at), __ATOMIC_ACQUIRE);
    std::memcpy(copy.data() + at, &word, 8);
  }
  return copy;
}

// What a machine reads, from copies that it may write to (memory_machine.h).
class DryTables {
 public:
  DryTables(const model::MappedTables& live, std::vector<Look>& looks) : live_(live), looks_(looks) {}

  const void* row(model::TableId table, std::uint32_t index) {
    const auto known = rows_.find({table, index});
    if (known != rows_.end()) return known->second;
    const void* const live = live_.row(table, index);
    if (live == nullptr) return nullptr;
    looks_.push_back({model::info(table).name, index, bytes_at(live, model::info(table).value_bytes)});
    auto& words = copies_.emplace_back(model::info(table).value_bytes / 8);
    std::memcpy(words.data(), looks_.back().found.data(), looks_.back().found.size());
    return rows_[{table, index}] = words.data();
  }

 private:
  const model::MappedTables& live_;
  std::vector<Look>& looks_;
  std::deque<std::vector<std::uint64_t>> copies_;
  std::map<std::pair<model::TableId, std::uint32_t>, const void*> rows_;
};

template <class T>
class DryElements {
 public:
  DryElements(std::string_view name, std::span<const T> live, std::vector<Look>& looks)
      : name_(name), live_(live), looks_(looks) {}

  std::size_t size() const { return live_.size(); }
  T& operator[](std::uint32_t index) {
    const auto [at, is_new] = copies_.try_emplace(index);
    if (is_new) {
      looks_.push_back({name_, index, bytes_at(&live_[index], sizeof(T))});
      std::memcpy(&at->second, looks_.back().found.data(), sizeof(T));
    }
    return at->second;
  }

 private:
  std::string_view name_;
  std::span<const T> live_;
  std::vector<Look>& looks_;
  std::map<std::uint32_t, T> copies_;
};

struct DryMemory {
  DryMemory(const model::EdgeMemory& live, std::vector<Look>& looks)
      : tables(live.tables, looks)
#define FL_DRY(name, element, capacity) , name(#name, live.name, looks)
            FWD_EDGE_STATE(FL_DRY)
#undef FL_DRY
  {
  }
  DryTables tables;
#define FL_DRY(name, element, capacity) DryElements<element> name;
  FWD_EDGE_STATE(FL_DRY)
#undef FL_DRY
};

}  // namespace
}  // namespace fairlead::lb

struct fwd_machine {
  fairlead::lb::DryMemory& memory;
  fairlead::lb::Bytes& packet;
  std::uint64_t beat;
  std::uint32_t in_link;
  fwd_edge_scratch scratch;
};

#include "dataplane/model/edge/memory_machine.h"
#include "dataplane/model/machine/vector_packet.h"

FWD_INLINE __u32 fwd_in_link(fwd_machine* m) { return m->in_link; }
FWD_INLINE __u64 fwd_beat(fwd_machine* m) { return m->beat; }
FWD_INLINE void fwd_edge_count(fwd_machine*, std::uint32_t, std::uint32_t, int) {}

#include "dataplane/fwd/edge/pipeline.h"

namespace fairlead::lb {

DryRun dry_run(const model::EdgeMemory& memory, std::uint64_t beat, std::uint32_t in_link, Bytes packet) {
  DryRun run;
  DryMemory copies(memory, run.looks);
  fwd_machine machine{copies, packet, beat, in_link, {}};
  run.verdict = fwd_from_outside(&machine, &run.context);
  if (run.verdict == FWD_TO_BACKEND) run.server = run.context.server;
  run.packet = std::move(packet);
  return run;
}

}  // namespace fairlead::lb
