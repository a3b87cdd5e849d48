// SPDX-License-Identifier: Apache-2.0
// The state machine of the store, once, without a disk: a map from keys to
// their versions since the compacted revision. Every embedded backend applies
// transactions here; a durable one then persists the record that apply() gave
// it, or undoes the revision when it could not.
//
//   apply -> (persist) -> stays          compact(r): history below r is folded
//         -> (failed)  -> undo           restore, replay: at open only
//
// Guarantees: one revision per writing transaction, without gaps; reads at any
// revision in [compacted, revision]. It checks no limits (store.h validate()).
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/store/store.h"
#include "control/store/txn.h"

namespace fairlead::store {

class RevisionedMap {
 public:
  struct Applied {
    TxnOutcome outcome;
    std::vector<Op> changes;  // what was really written; empty when outcome.wrote is false
  };

  Applied apply(const Txn& txn);
  void undo();  // takes the newest revision back; it must not be compacted
  void compact(Revision target);

  // At open: restore() the state at the compacted revision, then replay() each
  // later one; false when a record does not fit what stands.
  void start_at(Revision compacted);
  void restore(KeyValue item);
  bool replay(const std::vector<Op>& changes);

  // As if `newest` were the newest revision.
  Result<RangePage> range(const RangeRequest& request, Revision newest) const;
  std::vector<WatchEvent> events(Revision revision, std::string_view prefix) const;
  bool touches(Revision revision, std::string_view prefix) const;

  Revision revision() const { return Revision{compacted_ + log_.size()}; }
  Revision compacted() const { return Revision{compacted_}; }
  std::uint64_t keys() const { return live_; }
  std::uint64_t history_bytes() const { return history_bytes_; }
  std::uint64_t bytes_of(Revision revision) const { return entry(revision).bytes; }

 private:
  struct Version {
    std::uint64_t mod = 0;
    std::uint64_t create = 0;
    bool erased = false;
    std::string value;
  };
  using Versions = std::vector<Version>;  // oldest first, never empty
  using Keys = std::map<std::string, Versions, std::less<>>;
  struct Entry {                       // one revision
    std::vector<Keys::iterator> keys;  // stay valid: a key with a version in the log is never removed
    std::uint64_t bytes = 0;
  };

  bool holds(const Compare& compare) const;
  const Version* standing(std::string_view key) const;
  static const Version* at(const Versions& versions, std::uint64_t revision);
  bool write(const Op& op, std::uint64_t revision, Entry& entry);
  void fold(Keys::iterator key, std::uint64_t target);
  const Entry& entry(Revision revision) const;

  Keys keys_;
  std::deque<Entry> log_;  // log_[i] is revision compacted_ + 1 + i
  std::uint64_t compacted_ = 0;
  std::uint64_t live_ = 0;
  std::uint64_t history_bytes_ = 0;
};

}  // namespace fairlead::store
