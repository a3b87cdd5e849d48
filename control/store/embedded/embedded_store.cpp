// SPDX-License-Identifier: Apache-2.0
#include "control/store/embedded/embedded_store.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "control/store/embedded/record.h"
#include "control/store/page.h"

namespace fairlead::store {

namespace {

// Per write; more than one, so that the history shrinks to its bound after a burst of large values.
constexpr std::uint64_t kFoldStep = 4;
constexpr std::uint64_t kFoldAtOnce = 256;  // in one upkeep
constexpr std::size_t kMaxMoments = 1024;

constexpr std::size_t kMaxQueued = 4096;
constexpr std::size_t kMaxQueuedBytes = 16U << 20;

}  // namespace

EmbeddedStore::EmbeddedStore(std::unique_ptr<WriteQueue> disk, std::unique_ptr<RevisionedMap> map,
                             History history, bool writable)
    : map_(std::move(map)),
      feed_(*map_),
      history_(history),
      durable_(map_->revision()),
      planned_fold_(map_->compacted()),
      disk_(std::move(disk)) {
  counters_.read_only = !writable;
}

EmbeddedStore::~EmbeddedStore() { on_ready({}); }

void EmbeddedStore::on_ready(std::function<void()> signal) {
  signal_ = signal;
  if (disk_) disk_->on_ready(std::move(signal));
}

Result<> EmbeddedStore::submit(const Txn& txn, Done done) {
  auto taken = validate(txn);
  if (taken) taken = check_queue();
  if (!taken) {
    ++counters_.refused;
    return taken;
  }
  const auto applied = map_->apply(txn);
  if (!applied.outcome.succeeded) ++counters_.conflicts;
  queue({applied.outcome, txn_bytes(txn), std::move(done)}, applied);
  return {};
}

void EmbeddedStore::gather(bool more) {
  if (disk_) disk_->gather(more);
}

Result<> EmbeddedStore::check_queue() const {
  if (pending_.size() < kMaxQueued && pending_bytes_ < kMaxQueuedBytes) return {};
  return fail(Code::exhausted, "store", std::to_string(pending_.size()) + " transactions wait for the disk",
              "try again later");
}

void EmbeddedStore::queue(Pending pending, const RevisionedMap::Applied& applied) {
  pending_bytes_ += pending.bytes;
  pending_.push_back(std::move(pending));
  const Revision fold = applied.outcome.wrote ? fold_target(kFoldStep) : planned_fold_;
  const bool waits = disk_ && applied.outcome.revision != durable_;
  if (waits && applied.outcome.wrote)
    disk_->push({applied.outcome.revision, encode_record(applied.changes)}, fold);
  if (!waits && signal_) signal_();
}

// Without a disk everything is durable at once.
WriteQueue::Progress EmbeddedStore::progress() const {
  if (disk_) return disk_->progress();
  return {map_->revision(), planned_fold_, 0, 0, true, std::nullopt};
}

void EmbeddedStore::deliver() {
  const WriteQueue::Progress now = progress();
  publish(now);
  if (now.failure) fail_pending(*now.failure);
  while (!ready_.empty()) {
    const Pending next = std::move(ready_.front());
    ready_.pop_front();
    if (next.done) next.done(next.outcome);  // may come back here: what is left stays in order
  }
}

void EmbeddedStore::publish(const WriteQueue::Progress& progress) {
  const bool news = durable_ < progress.durable;
  if (std::exchange(rounds_, progress.rounds) != progress.rounds) counters_.read_only = false;
  counters_.batches = progress.batches;
  if (news) durable_ = progress.durable;
  while (!pending_.empty() && pending_.front().outcome->revision <= durable_) {
    if (pending_.front().outcome->wrote) ++counters_.writes;
    pending_bytes_ -= pending_.front().bytes;
    ready_.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  forget(progress.folded);
  if (news) feed_.published(durable_);
}

// Also those that wrote nothing: what they saw has not come to be.
void EmbeddedStore::fail_pending(const Error& error) {
  counters_.read_only = true;
  while (map_->revision() > durable_) map_->undo();
  planned_fold_ = map_->compacted();
  planned_bytes_ = 0;
  pending_bytes_ = 0;
  for (Pending& one : std::exchange(pending_, {})) {
    if (one.outcome->wrote) ++counters_.failed_writes;
    ready_.push_back({std::unexpected(error), 0, std::move(one.done)});
  }
  disk_->restart();
}

void EmbeddedStore::wait_and_deliver() {
  if (disk_) {
    const WriteQueue::Progress before = disk_->progress();
    if (before.durable <= durable_ && !before.failure && !before.idle) disk_->wait_for_news(before);
  }
  deliver();
}

Result<TxnOutcome> EmbeddedStore::commit(const Txn& txn) {
  while (!check_queue()) wait_and_deliver();
  std::optional<Result<TxnOutcome>> told;
  FL_TRY_OK(submit(txn, [&told](Result<TxnOutcome> outcome) { told = std::move(outcome); }));
  while (!told) wait_and_deliver();
  return std::move(*told);
}

Result<RangePage> EmbeddedStore::range(const RangeRequest& request) { return map_->range(request, durable_); }

Result<std::unique_ptr<Watch>> EmbeddedStore::watch(std::string prefix, Revision after, Wake wake) {
  return feed_.open(std::move(prefix), after, std::move(wake));
}

Result<> EmbeddedStore::compact(Revision target) {
  if (target <= map_->compacted()) return {};
  FL_TRY_OK(readable(target, map_->compacted(), durable_));
  while (!pending_.empty() || !progress().idle) wait_and_deliver();
  if (disk_) {
    disk_->nudge(target);
    WriteQueue::Progress now = progress();
    for (; !now.idle && !now.failure; now = progress()) disk_->wait_for_news(now);
    if (now.failure) {
      ++counters_.failed_writes;
      fail_pending(*now.failure);
      return std::unexpected(std::move(*now.failure));
    }
  }
  planned_fold_ = std::max(planned_fold_, target);
  forget(target);
  deliver();
  return {};
}

StoreStats EmbeddedStore::stats() const {
  StoreStats stats = counters_;
  stats.revision = durable_;
  stats.compacted = map_->compacted();
  stats.keys = map_->keys();
  stats.history_bytes = map_->history_bytes();
  stats.watches = feed_.watches();
  stats.watches_lagged = feed_.lagged();
  stats.queued = pending_.size();
  return stats;
}

// Never what is not durable, so that it can be undone.
Revision EmbeddedStore::fold_target(std::uint64_t steps) {
  const std::uint64_t newest = map_->revision().value;
  for (std::uint64_t step = 0; step < steps && planned_fold_ < durable_; ++step) {
    const bool few = newest - planned_fold_.value <= history_.revisions;
    const bool young = planned_fold_ >= aged_;
    if (few && young && map_->history_bytes() - planned_bytes_ <= history_.bytes) break;
    planned_fold_ = Revision{planned_fold_.value + 1};
    planned_bytes_ += map_->bytes_of(planned_fold_);
  }
  return planned_fold_;
}

void EmbeddedStore::note_age(MonoTime now) {
  if (history_.age.count() == 0) return;
  if (moments_.empty() || moments_.back().newest < durable_) moments_.push_back({now, durable_});
  // At the bound the history only seems younger than it is.
  while (moments_.size() > kMaxMoments || (!moments_.empty() && moments_.front().at + history_.age <= now)) {
    if (moments_.size() <= kMaxMoments) aged_ = moments_.front().newest;
    moments_.pop_front();
  }
}

void EmbeddedStore::upkeep(MonoTime now) {
  leaders_.expire(*this, now);
  note_age(now);
  const Revision before = planned_fold_;
  const Revision fold = fold_target(kFoldAtOnce);
  if (disk_ && pending_.empty() && (counters_.read_only || before < fold)) disk_->nudge(fold);
  deliver();
}

void EmbeddedStore::forget(Revision target) {
  if (target <= map_->compacted()) return;
  feed_.compacting(target);
  const std::uint64_t before = map_->history_bytes();
  map_->compact(target);
  planned_bytes_ -= std::min(planned_bytes_, before - map_->history_bytes());
}

std::unique_ptr<Store> make_memory_store(History history) {
  return std::make_unique<EmbeddedStore>(nullptr, std::make_unique<RevisionedMap>(), history);
}

}  // namespace fairlead::store
