// SPDX-License-Identifier: Apache-2.0
#include "control/store/embedded/revisioned_map.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/check.h"
#include "control/store/page.h"

namespace fairlead::store {

RevisionedMap::Applied RevisionedMap::apply(const Txn& txn) {
  const bool succeeded = std::ranges::all_of(txn.compares, [this](const Compare& c) { return holds(c); });
  const std::uint64_t next = revision().value + 1;
  Applied applied;
  Entry entry;
  for (const auto& op : succeeded ? txn.then : txn.otherwise)
    if (write(op, next, entry)) applied.changes.push_back(op);
  applied.outcome = {succeeded, !applied.changes.empty(), Revision{next - (applied.changes.empty() ? 1 : 0)}};
  if (!applied.outcome.wrote) return applied;
  history_bytes_ += entry.bytes;
  log_.push_back(std::move(entry));
  return applied;
}

void RevisionedMap::undo() {
  FL_CHECK(!log_.empty(), compacted_);
  for (const auto key : log_.back().keys) {
    Versions& versions = key->second;
    const bool was_live = !versions.back().erased;
    versions.pop_back();
    const bool is_live = !versions.empty() && !versions.back().erased;
    live_ += static_cast<std::uint64_t>(is_live) - static_cast<std::uint64_t>(was_live);
    if (versions.empty()) keys_.erase(key);
  }
  history_bytes_ -= log_.back().bytes;
  log_.pop_back();
}

void RevisionedMap::compact(Revision target) {
  FL_CHECK(target <= revision(), target, revision());
  while (compacted_ < target.value) {
    const Entry oldest = std::move(log_.front());
    log_.pop_front();
    ++compacted_;
    history_bytes_ -= oldest.bytes;
    for (const auto key : oldest.keys) fold(key, compacted_);
  }
}

// Only the newest version at or below the target stays, and not even that if it is an erasure.
void RevisionedMap::fold(Keys::iterator key, std::uint64_t target) {
  Versions& versions = key->second;
  const auto newer = std::ranges::find_if(versions, [&](const Version& v) { return v.mod > target; });
  auto keep = newer == versions.begin() ? newer : std::prev(newer);
  if (keep != newer && keep->erased) keep = newer;
  versions.erase(versions.begin(), keep);
  if (versions.empty()) keys_.erase(key);
}

void RevisionedMap::start_at(Revision compacted) {
  FL_CHECK(keys_.empty() && log_.empty(), keys_.size(), log_.size());
  compacted_ = compacted.value;
}

void RevisionedMap::restore(KeyValue item) {
  Versions one;
  one.push_back({item.mod_revision.value, item.create_revision.value, false, std::move(item.value)});
  keys_.insert_or_assign(std::move(item.key), std::move(one));
  live_ = keys_.size();
}

bool RevisionedMap::replay(const std::vector<Op>& changes) {
  const Applied applied = apply(Txn{{}, changes, {}});
  return applied.changes.size() == changes.size();
}

Result<RangePage> RevisionedMap::range(const RangeRequest& request, Revision newest) const {
  FL_TRY(const PageStart start, page_start(request, compacted(), newest));
  RangePage page{start.revision, {}, {}};
  std::size_t bytes = 0;
  for (auto it = keys_.lower_bound(start.key); it != keys_.end() && it->first.starts_with(request.prefix);
       ++it) {
    const Version* version = at(it->second, start.revision.value);
    if (version == nullptr || version->erased) continue;
    bytes += it->first.size() + version->value.size();
    if (page.items.size() == request.limit || (bytes > kMaxPageBytes && !page.items.empty())) {
      page.next_page = page_token(start.revision, it->first);
      break;
    }
    page.items.push_back({it->first, version->value, Revision{version->create}, Revision{version->mod}});
  }
  return page;
}

std::vector<WatchEvent> RevisionedMap::events(Revision revision, std::string_view prefix) const {
  std::vector<WatchEvent> found;
  for (const auto key : entry(revision).keys) {
    if (!key->first.starts_with(prefix)) continue;
    const Version* version = at(key->second, revision.value);
    FL_CHECK(version != nullptr && version->mod == revision.value, revision, key->first);
    found.push_back({version->erased ? Op::Type::erase : Op::Type::put,
                     {key->first, version->value, Revision{version->create}, revision}});
  }
  return found;
}

bool RevisionedMap::touches(Revision revision, std::string_view prefix) const {
  return std::ranges::any_of(entry(revision).keys, [&](auto key) { return key->first.starts_with(prefix); });
}

bool RevisionedMap::holds(const Compare& compare) const {
  const Version* version = standing(compare.key);
  switch (compare.test) {
    case Compare::Test::mod_revision:
      return (version ? version->mod : 0) == compare.revision.value;
    case Compare::Test::create_revision:
      return (version ? version->create : 0) == compare.revision.value;
    case Compare::Test::value:
      return version != nullptr && version->value == compare.value;
    case Compare::Test::absent:
      return version == nullptr;
    case Compare::Test::present:
      return version != nullptr;
  }
  return false;
}

const RevisionedMap::Version* RevisionedMap::standing(std::string_view key) const {
  const auto it = keys_.find(key);
  return it == keys_.end() || it->second.back().erased ? nullptr : &it->second.back();
}

const RevisionedMap::Version* RevisionedMap::at(const Versions& versions, std::uint64_t revision) {
  for (const Version& version : std::views::reverse(versions))
    if (version.mod <= revision) return &version;
  return nullptr;
}

// False when it changes nothing: an erasure of an absent key.
bool RevisionedMap::write(const Op& op, std::uint64_t revision, Entry& entry) {
  const Version* before = standing(op.key);
  const bool erases = op.type == Op::Type::erase;
  if (erases && before == nullptr) return false;
  const bool was_live = before != nullptr;
  const std::uint64_t create = erases ? 0 : was_live ? before->create : revision;
  const auto [key, added] = keys_.try_emplace(op.key);
  key->second.push_back({revision, create, erases, erases ? std::string() : op.value});
  if (erases) --live_;
  if (!erases && !was_live) ++live_;
  entry.keys.push_back(key);
  entry.bytes += op.key.size() + key->second.back().value.size();
  return true;
}

const RevisionedMap::Entry& RevisionedMap::entry(Revision revision) const {
  FL_CHECK(revision > compacted() && revision <= this->revision(), revision, compacted(), this->revision());
  return log_[revision.value - compacted_ - 1];
}

}  // namespace fairlead::store
