// SPDX-License-Identifier: Apache-2.0
#include "ipam/ledger.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace fairlead::ipam {
namespace {

constexpr std::uint32_t kWordBits = 64;

// Distance from `base`; both of one family and the prefix is short enough for 32 bits.
std::uint32_t distance(const IpAddress& base, const IpAddress& address) {
  std::uint32_t difference = 0;
  for (std::size_t i = 12; i < 16; ++i)
    difference = (difference << 8U) | static_cast<std::uint32_t>(address.bytes[i] - base.bytes[i]);
  return difference;
}

}  // namespace

Result<Block> control_block(std::string pool, const Prefix& prefix, bool shared) {
  const bool v4 = prefix.family() == Family::v4;
  const std::uint64_t share = shared ? prefix.size() / 2 : prefix.size();
  const std::uint64_t size = std::min(share, kMaxBlockSize);
  if (size < kReservedFirst + 2)
    return fail(Code::invalid, "pool " + pool + " " + format(prefix), "is too small",
                "use 32 addresses or more");
  Block block{std::move(pool), prefix, kControl, kReservedFirst, 0};
  block.prefix.length = static_cast<std::uint8_t>((v4 ? 32 : 128) - std::countr_zero(size));
  if (v4 && size == prefix.size()) block.reserved_last = 1;
  return block;
}

Ledger::Ledger(Block block) : block_(std::move(block)) {
  const std::uint64_t size = block_.prefix.size();
  FL_CHECK(size <= kMaxBlockSize, block_.pool, size);
  FL_CHECK(block_.reserved_first + block_.reserved_last <= size, block_.pool, size);
  counts_.size = static_cast<std::uint32_t>(size);
  counts_.reserved = block_.reserved_first + block_.reserved_last;
  counts_.free = counts_.size - counts_.reserved;
  taken_.resize((counts_.size + kWordBits - 1) / kWordBits);
  for (std::uint32_t i = 0; i < taken_.size() * kWordBits; ++i)
    if (i >= counts_.size || is_reserved(i)) mark(i, true);
  last_given_ = block_.reserved_first == 0 ? counts_.size - 1 : block_.reserved_first - 1;
}

bool Ledger::is_reserved(std::uint32_t offset) const {
  return offset < block_.reserved_first || offset >= counts_.size - block_.reserved_last;
}

void Ledger::mark(std::uint32_t offset, bool taken) {
  const std::uint64_t bit = std::uint64_t{1} << (offset % kWordBits);
  auto& word = taken_[offset / kWordBits];
  word = taken ? word | bit : word & ~bit;
}

void Ledger::count(LeaseState state, std::uint32_t by) {
  switch (state) {
    case LeaseState::held:
      counts_.held += by;
      return;
    case LeaseState::resting:
      counts_.resting += by;
      return;
    case LeaseState::free:
      counts_.free += by;
      return;
  }
}

Result<std::uint32_t> Ledger::offset_of(const IpAddress& address) const {
  if (!block_.prefix.contains(address))
    return fail(Code::corrupt, "lease " + format(address),
                "is outside " + block_.pool + " " + format(block_.prefix));
  const std::uint32_t offset = distance(block_.prefix.address, address);
  if (!is_reserved(offset)) return offset;
  return fail(Code::corrupt, "lease " + format(address), "is a reserved address of " + block_.pool);
}

Result<void> Ledger::apply(const Record& record) {
  FL_TRY(const std::uint32_t offset, offset_of(record.lease.address));
  constexpr std::uint32_t kMinusOne = ~std::uint32_t{0};
  const auto found = records_.find(offset);
  if (found != records_.end()) {
    const Record& old = found->second;
    if (record.revision < old.revision) return {};  // a watch that repeats what the load had
    if (record.lease.epoch < old.lease.epoch)
      return fail(Code::corrupt, "lease " + format(record.lease.address), "has an epoch that went back");
    count(old.lease.state, kMinusOne);
    if (old.lease.state == LeaseState::resting) {
      const auto [first, last] = resting_.equal_range(old.revision);
      resting_.erase(std::find_if(first, last, [&](const auto& item) { return item.second == offset; }));
    }
  } else {
    count(LeaseState::free, kMinusOne);
  }
  count(record.lease.state, 1);
  mark(offset, record.lease.state != LeaseState::free);
  if (record.lease.state == LeaseState::resting) resting_.emplace(record.revision, offset);
  if (record.lease.turn > last_turn_) {
    last_turn_ = record.lease.turn;
    last_given_ = offset;
  }
  records_.insert_or_assign(offset, record);
  return {};
}

const Record* Ledger::find(const IpAddress& address) const {
  const auto offset = offset_of(address);
  if (!offset) return nullptr;
  const auto found = records_.find(*offset);
  return found == records_.end() ? nullptr : &found->second;
}

void Ledger::append_records(std::vector<Record>& to) const {
  for (const auto& [offset, record] : records_) to.push_back(record);
}

std::uint32_t Ledger::in_use(Purpose purpose) const {
  return static_cast<std::uint32_t>(std::ranges::count_if(records_, [&](const auto& item) {
    const Lease& lease = item.second.lease;
    return lease.state != LeaseState::free && lease.purpose == purpose;
  }));
}

std::optional<std::uint32_t> Ledger::next_free(std::uint32_t after) const {
  const std::uint32_t start = after + 1 >= counts_.size ? 0 : after + 1;
  const auto words = static_cast<std::uint32_t>(taken_.size());
  // One word more than there are: the first is looked at twice, its lower half last.
  for (std::uint32_t step = 0; step <= words; ++step) {
    const std::uint32_t at = (start / kWordBits + step) % words;
    std::uint64_t free = ~taken_[at];
    if (step == 0) free &= ~std::uint64_t{0} << (start % kWordBits);
    if (free != 0) return at * kWordBits + static_cast<std::uint32_t>(std::countr_zero(free));
  }
  return std::nullopt;
}

std::vector<Record> Ledger::rested(Revision acknowledged, std::size_t limit) const {
  std::vector<Record> found;
  for (auto it = resting_.begin(); it != resting_.end() && it->first <= acknowledged && found.size() < limit;
       ++it)
    found.push_back(records_.at(it->second));
  return found;
}

Result<void> Ledger::check() const {
  Counts real{counts_.size, counts_.reserved, 0, 0, 0};
  for (const auto& [offset, record] : records_) {
    real.held += record.lease.state == LeaseState::held;
    real.resting += record.lease.state == LeaseState::resting;
  }
  std::uint32_t busy = 0;
  for (const std::uint64_t word : taken_) busy += static_cast<std::uint32_t>(std::popcount(word));
  busy -= static_cast<std::uint32_t>(taken_.size()) * kWordBits - counts_.size;
  real.free = real.size - busy;
  if (real != counts_ || real.reserved + real.held + real.resting + real.free != real.size ||
      resting_.size() != real.resting)
    return fail(Code::corrupt, "pool " + block_.pool, "its ledger does not add up",
                "restart control, which reads every lease again; keep the store's files");
  return {};
}

}  // namespace fairlead::ipam
