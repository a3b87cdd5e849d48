// SPDX-License-Identifier: Apache-2.0
#include "control/store/embedded/embedded_store.h"

#include <utility>

#include "control/store/page.h"

namespace fairlead::store {

namespace {

// Per write; more than one, so that the history shrinks to its bound after a burst of large values.
constexpr std::uint64_t kFoldStep = 4;

}  // namespace

EmbeddedStore::EmbeddedStore(std::unique_ptr<Journal> journal, std::unique_ptr<RevisionedMap> map,
                             History history)
    : journal_(std::move(journal)), map_(std::move(map)), feed_(*map_), history_(history) {}

Result<TxnOutcome> EmbeddedStore::commit(const Txn& txn) {
  if (auto valid = validate(txn); !valid) {
    ++counters_.refused;
    return std::unexpected(std::move(valid).error());
  }
  const auto applied = map_->apply(txn);
  if (!applied.outcome.succeeded) ++counters_.conflicts;
  if (!applied.outcome.wrote) return applied.outcome;
  const Revision fold = fold_target();
  FL_TRY_OK(persist(applied.outcome.revision, applied.changes, fold));
  forget(fold);
  feed_.published(applied.outcome.revision);
  return applied.outcome;
}

Result<RangePage> EmbeddedStore::range(const RangeRequest& request) { return map_->range(request); }

Result<std::unique_ptr<Watch>> EmbeddedStore::watch(std::string prefix, Revision after, Wake wake) {
  return feed_.open(std::move(prefix), after, std::move(wake));
}

Result<> EmbeddedStore::compact(Revision target) {
  if (target <= map_->compacted()) return {};
  FL_TRY_OK(readable(target, map_->compacted(), map_->revision()));
  auto folded = journal_ ? journal_->fold(target) : Result<>{};
  counters_.read_only = !folded;
  if (!folded) {
    ++counters_.failed_writes;
    return folded;
  }
  forget(target);
  return {};
}

StoreStats EmbeddedStore::stats() const {
  StoreStats stats = counters_;
  stats.revision = map_->revision();
  stats.compacted = map_->compacted();
  stats.keys = map_->keys();
  stats.history_bytes = map_->history_bytes();
  stats.watches = feed_.watches();
  stats.watches_lagged = feed_.lagged();
  return stats;
}

// The newest revision is never folded, so that it can be undone.
Revision EmbeddedStore::fold_target() const {
  std::uint64_t target = map_->compacted().value;
  std::uint64_t bytes = map_->history_bytes();
  const std::uint64_t newest = map_->revision().value;
  for (std::uint64_t step = 0; step < kFoldStep && target + 1 < newest; ++step) {
    if (newest - target <= history_.revisions && bytes <= history_.bytes) break;
    ++target;
    bytes -= map_->bytes_of(Revision{target});
  }
  return Revision{target};
}

Result<> EmbeddedStore::persist(Revision revision, const std::vector<Op>& changes, Revision fold) {
  auto persisted = journal_ ? journal_->append(revision, changes, fold) : Result<>{};
  counters_.read_only = !persisted;
  if (persisted) {
    ++counters_.writes;
  } else {
    ++counters_.failed_writes;
    map_->undo();
  }
  return persisted;
}

void EmbeddedStore::forget(Revision target) {
  if (target <= map_->compacted()) return;
  feed_.compacting(target);
  map_->compact(target);
}

std::unique_ptr<Store> make_memory_store(History history) {
  return std::make_unique<EmbeddedStore>(nullptr, std::make_unique<RevisionedMap>(), history);
}

}  // namespace fairlead::store
