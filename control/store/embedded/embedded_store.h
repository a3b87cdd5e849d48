// SPDX-License-Identifier: Apache-2.0
// A store inside this process: RevisionedMap for the state, WatchFeed for the
// watches, and a WriteQueue for durability; without a queue it is the memory
// store. A transaction is applied when it is submitted, so that the next one
// is decided on it, and seen by nobody before deliver() finds it durable; when
// the disk refuses, everything that is not durable is undone.
//
//   revisions   compacted ... durable | submitted ... map's newest
//               readable, watched       pending_, in this order
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/store/embedded/leader_table.h"
#include "control/store/embedded/revisioned_map.h"
#include "control/store/embedded/watch_feed.h"
#include "control/store/embedded/write_queue.h"
#include "control/store/memory_store.h"

namespace fairlead::store {

class EmbeddedStore final : public Store {
 public:
  // `map` as the disk behind the queue holds it; no queue: memory only.
  EmbeddedStore(std::unique_ptr<WriteQueue> disk, std::unique_ptr<RevisionedMap> map, History history,
                bool writable = true);
  // What is not delivered by then is never told to its `done`; as after a
  // crash, it may have become durable or not.
  ~EmbeddedStore() override;

  Result<> submit(const Txn& txn, Done done) override;
  void gather(bool more) override;
  void deliver() override;
  void on_ready(std::function<void()> signal) override;
  Result<TxnOutcome> commit(const Txn& txn) override;
  Result<RangePage> range(const RangeRequest& request) override;
  Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision after, Wake wake) override;
  Result<> compact(Revision target) override;
  Result<LeaderLease> acquire(const std::string& key, const std::string& holder, Millis ttl,
                              MonoTime now) override {
    return leaders_.acquire(*this, key, holder, ttl, now);
  }
  Result<LeaderLease> renew(const LeaderLease& lease, Millis ttl, MonoTime now) override {
    return leaders_.renew(*this, lease, ttl, now);
  }
  Result<> release(const LeaderLease& lease) override { return leaders_.release(*this, lease); }
  void upkeep(MonoTime now) override;
  Revision revision() const override { return durable_; }
  StoreStats stats() const override;

 private:
  struct Pending {
    Result<TxnOutcome> outcome;
    std::size_t bytes = 0;
    Done done;
  };

  Result<> check_queue() const;
  Revision fold_target(std::uint64_t steps);
  void note_age(MonoTime now);
  void queue(Pending pending, const RevisionedMap::Applied& applied);
  WriteQueue::Progress progress() const;
  void publish(const WriteQueue::Progress& progress);
  void fail_pending(const Error& error);
  void forget(Revision target);
  void wait_and_deliver();

  std::unique_ptr<RevisionedMap> map_;
  WatchFeed feed_;
  History history_;
  StoreStats counters_;
  Revision durable_;
  Revision planned_fold_;            // what the disk has been told to fold
  std::uint64_t planned_bytes_ = 0;  // of the history between the map's compacted revision and there
  std::uint64_t rounds_ = 0;         // of the disk, as last seen
  struct Moment {
    MonoTime at;
    Revision newest;
  };
  std::deque<Moment> moments_;  // what was newest when, at most one for each upkeep that saw a change
  Revision aged_;               // older than the history may be
  LeaderTable leaders_;
  std::deque<Pending> pending_;  // submitted, in order
  std::size_t pending_bytes_ = 0;
  std::deque<Pending> ready_;  // decided, `done` to be called
  std::function<void()> signal_;
  std::unique_ptr<WriteQueue> disk_;  // null: memory only
};

}  // namespace fairlead::store
