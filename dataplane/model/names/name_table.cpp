// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/names/name_table.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "dataplane/model/names/name_memory.h"

namespace fairlead::model {
namespace {

constexpr std::size_t kCell = FWD_DNS_CELL;

// A query that asks for this name, as far as a search in the table reads it.
fwd_dns_query query_for(std::string_view name) {
  FL_CHECK(!name.empty() && name.size() <= FWD_DNS_NAME, name.size());
  fwd_dns_query query{};
  query.name_length = static_cast<std::uint32_t>(name.size());
  std::memcpy(query.name, name.data(), name.size());
  return query;
}

std::uint64_t hash_of(std::uint64_t seed, std::uint32_t net, std::string_view name) {
  const fwd_dns_query query = query_for(name);
  return fwd_dns_hash(seed, net, &query, 0);
}

fwd_dns_entry head_of(std::string_view entry) {
  fwd_dns_entry head{};
  std::memcpy(&head, entry.data(), FWD_DNS_NAME_AT);
  return head;
}

std::uint32_t cells_of(std::string_view entry) { return static_cast<std::uint32_t>(entry.size() / kCell); }

void store(__u64& slot, std::uint64_t value) {
  std::atomic_ref(slot).store(value, std::memory_order_release);
}

}  // namespace

std::uint32_t net_of(std::string_view entry) { return head_of(entry).net; }

std::string_view name_of(std::string_view entry) {
  return entry.substr(FWD_DNS_NAME_AT, head_of(entry).name_length);
}

static_assert(offsetof(fwd_dns_entry, name) == FWD_DNS_NAME_AT);

std::optional<std::string> encode(const NameRow& row) {
  fwd_dns_entry head{};
  head.net = row.net;
  head.name_length = static_cast<std::uint8_t>(row.name.size());
  head.flags = row.flags;
  std::string entry(FWD_DNS_NAME_AT, '\0');
  entry += row.name;
  entry.resize(FWD_DNS_NAME_AT + fwd_dns_words(head.name_length) * 8);
  for (std::size_t i = 0; i < row.sets.size(); ++i) {
    const NameSet& set = row.sets[i];
    if (set.count == 0) continue;
    head.sets[i] = {static_cast<std::uint16_t>(entry.size()), static_cast<std::uint16_t>(set.records.size()),
                    static_cast<std::uint16_t>(set.more.size()), set.count, set.more_count};
    entry += set.records;
    entry += set.more;
    if (entry.size() > FWD_DNS_ENTRY) return std::nullopt;
  }
  entry.resize((entry.size() + kCell - 1) / kCell * kCell);
  head.octets = static_cast<std::uint16_t>(entry.size());
  std::memcpy(entry.data(), &head, FWD_DNS_NAME_AT);
  return entry;
}

NameTable::NameTable(std::span<fwd_dns_bucket> buckets, std::span<fwd_dns_slab> slabs, std::uint64_t seed)
    : buckets_(buckets), slabs_(slabs), seed_(seed) {
  FL_CHECK(std::has_single_bit(buckets.size()), buckets.size());
  adopt();
}

// Whatever wrote it: in one piece, within its slab, with a name.
bool NameTable::is_entry(std::uint32_t cell) const {
  if (cell / FWD_DNS_SLAB_CELLS >= slabs_.size()) return false;
  const std::string_view entry = entry_at(cell);
  const std::uint32_t within = cell % FWD_DNS_SLAB_CELLS;
  if (entry.size() < kCell) return false;
  const fwd_dns_entry head = head_of(entry);
  return entry.size() % kCell == 0 && entry.size() <= FWD_DNS_ENTRY &&
         within + cells_of(entry) <= FWD_DNS_SLAB_CELLS && head.name_length > 0 &&
         FWD_DNS_NAME_AT + head.name_length <= entry.size();
}

// What an earlier writer left: entries that a slot names are taken, all other cells are free.
void NameTable::adopt() {
  std::vector<Run> taken;
  bool sound = true;
  for (const fwd_dns_bucket& bucket : buckets_)
    for (const std::uint64_t slot : bucket.slots) {
      const auto cell = static_cast<std::uint32_t>(slot);
      if (slot == 0) continue;
      sound = sound && cell != 0 && is_entry(cell);
      if (sound) taken.push_back({cell, cells_of(entry_at(cell))});
    }
  std::ranges::sort(taken, {}, &Run::cell);
  for (std::size_t i = 1; i < taken.size(); ++i)
    sound = sound && taken[i - 1].cell + taken[i - 1].count <= taken[i].cell;
  if (!sound) {
    std::ranges::fill(buckets_, fwd_dns_bucket{});
    taken.clear();
  }
  auto run = taken.begin();
  for (std::uint32_t slab = 0; slab < slabs_.size(); ++slab) {
    std::uint32_t next = slab * FWD_DNS_SLAB_CELLS + (slab == 0 ? 1 : 0);
    const std::uint32_t end = (slab + 1) * FWD_DNS_SLAB_CELLS;
    for (; run != taken.end() && run->cell < end; ++run) {
      if (run->cell > next) add_free({next, run->cell - next});
      next = run->cell + run->count;
      used_ += run->count;
    }
    if (end > next) add_free({next, end - next});
  }
  names_ = taken.size();
}

std::byte* NameTable::at(std::uint32_t cell) const {
  return reinterpret_cast<std::byte*>(slabs_[cell / FWD_DNS_SLAB_CELLS].cells) +
         cell % FWD_DNS_SLAB_CELLS * kCell;
}

std::string_view NameTable::entry_at(std::uint32_t cell) const {
  const auto* octets = reinterpret_cast<const char*>(at(cell));
  return {octets, head_of({octets, FWD_DNS_NAME_AT}).octets};
}

void NameTable::add_free(Run run) {
  free_[run.cell] = run.count;
  by_size_.insert({run.count, run.cell});
}

void NameTable::remove_free(std::uint32_t cell, std::uint32_t count) {
  free_.erase(cell);
  by_size_.erase({count, cell});
}

// The smallest free run that is large enough; its rest stays free.
std::uint32_t NameTable::take(std::uint32_t count) {
  const auto found = by_size_.lower_bound({count, 0});
  if (found == by_size_.end()) return 0;
  const auto [size, cell] = *found;
  remove_free(cell, size);
  if (size > count) add_free({cell + count, size - count});
  used_ += count;
  return cell;
}

// Together with its neighbours, where those are free, and in one slab.
void NameTable::give(Run run) {
  used_ -= run.count;
  const auto after = free_.lower_bound(run.cell);
  const auto before = after == free_.begin() ? free_.end() : std::prev(after);
  const Run next = after == free_.end() ? Run{} : Run{after->first, after->second};
  const Run last = before == free_.end() ? Run{} : Run{before->first, before->second};
  if (next.count > 0 && run.cell + run.count == next.cell && next.cell % FWD_DNS_SLAB_CELLS != 0) {
    remove_free(next.cell, next.count);
    run.count += next.count;
  }
  if (last.count > 0 && last.cell + last.count == run.cell && run.cell % FWD_DNS_SLAB_CELLS != 0) {
    remove_free(last.cell, last.count);
    run = {last.cell, last.count + run.count};
  }
  add_free(run);
}

__u64* NameTable::slot_of(std::uint32_t net, std::string_view name) {
  const std::uint64_t hash = hash_of(seed_, net, name);
  for (const std::uint32_t index : {fwd_dns_first(hash), fwd_dns_second(hash)})
    for (__u64& slot : buckets_[index & (buckets_.size() - 1)].slots) {
      if (slot == 0 || slot >> 32 != fwd_dns_tag(hash)) continue;
      const std::string_view entry = entry_at(static_cast<std::uint32_t>(slot));
      if (net_of(entry) == net && name_of(entry) == name) return &slot;
    }
  return nullptr;
}

// In the emptier of its two buckets, none of which may hold another name of its tag.
__u64* NameTable::free_slot(std::uint64_t hash) {
  __u64* free = nullptr;
  std::ptrdiff_t most = 0;
  for (const std::uint32_t index : {fwd_dns_first(hash), fwd_dns_second(hash)}) {
    auto& slots = buckets_[index & (buckets_.size() - 1)].slots;
    for (const std::uint64_t slot : slots)
      if (slot != 0 && slot >> 32 == fwd_dns_tag(hash)) return nullptr;
    const std::ptrdiff_t empty = std::ranges::count(slots, 0U);
    if (empty <= most) continue;
    most = empty;
    free = std::ranges::find(slots, 0U);
  }
  return free;
}

bool NameTable::put(std::string_view entry) {
  const std::uint32_t net = net_of(entry);
  const std::string_view name = name_of(entry);
  __u64* slot = slot_of(net, name);
  const std::uint64_t hash = hash_of(seed_, net, name);
  const bool fresh = slot == nullptr;
  if (fresh) slot = free_slot(hash);
  const std::uint32_t cell = slot != nullptr ? take(cells_of(entry)) : 0;
  if (cell == 0) return false;
  std::memcpy(at(cell), entry.data(), entry.size());
  const auto before = static_cast<std::uint32_t>(*slot);
  store(*slot, std::uint64_t{fwd_dns_tag(hash)} << 32 | cell);
  if (fresh)
    ++names_;
  else
    resting_.push_back({before, cells_of(entry_at(before))});
  return true;
}

void NameTable::erase(std::uint32_t net, std::string_view name) {
  __u64* slot = slot_of(net, name);
  if (slot == nullptr) return;
  const auto cell = static_cast<std::uint32_t>(*slot);
  store(*slot, 0);
  resting_.push_back({cell, cells_of(entry_at(cell))});
  --names_;
}

void NameTable::reuse() {
  for (const Run& run : resting_) give(run);
  resting_.clear();
}

void NameTable::each_entry(const std::function<void(std::string_view)>& use) const {
  for (const fwd_dns_bucket& bucket : buckets_)
    for (const std::uint64_t slot : bucket.slots)
      if (slot != 0) use(entry_at(static_cast<std::uint32_t>(slot)));
}

std::size_t NameTable::cells_resting() const {
  std::size_t cells = 0;
  for (const Run& run : resting_) cells += run.count;
  return cells;
}

std::uint32_t NameTable::cell_of(std::uint32_t net, std::string_view name) const {
  const __u64* slot = const_cast<NameTable*>(this)->slot_of(net, name);
  return slot == nullptr ? 0 : static_cast<std::uint32_t>(*slot);
}

std::string_view NameTable::entry_of(std::uint32_t net, std::string_view name) const {
  const std::uint32_t cell = cell_of(net, name);
  return cell == 0 ? std::string_view() : entry_at(cell);
}

}  // namespace fairlead::model
