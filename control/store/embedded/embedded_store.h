// SPDX-License-Identifier: Apache-2.0
// A store inside this process: RevisionedMap for the state, WatchFeed for the
// watches, and a Journal for durability; without a journal it is the memory
// store. A commit is applied, persisted, and only then seen by anybody; what
// could not be persisted is undone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "control/store/embedded/revisioned_map.h"
#include "control/store/embedded/watch_feed.h"
#include "control/store/memory_store.h"

namespace fairlead::store {

// Where revisions are made durable.
class Journal {
 public:
  virtual ~Journal() = default;

  // Durable when it returns: `changes` as `revision`, and everything up to
  // `fold` folded into the base state. All of it or, on an error, nothing.
  virtual Result<> append(Revision revision, const std::vector<Op>& changes, Revision fold) = 0;
  virtual Result<> fold(Revision target) = 0;
};

class EmbeddedStore final : public Store {
 public:
  // `map` as the journal holds it.
  EmbeddedStore(std::unique_ptr<Journal> journal, std::unique_ptr<RevisionedMap> map, History history);

  Result<TxnOutcome> commit(const Txn& txn) override;
  Result<RangePage> range(const RangeRequest& request) override;
  Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision after, Wake wake) override;
  Result<> compact(Revision target) override;
  Revision revision() const override { return map_->revision(); }
  StoreStats stats() const override;

 private:
  Revision fold_target() const;
  Result<> persist(Revision revision, const std::vector<Op>& changes, Revision fold);
  void forget(Revision target);

  std::unique_ptr<Journal> journal_;  // null: memory only
  std::unique_ptr<RevisionedMap> map_;
  WatchFeed feed_;
  History history_;
  StoreStats counters_;
};

}  // namespace fairlead::store
