// SPDX-License-Identifier: Apache-2.0
// State: the store with its facts in memory, twice. facts() are what decisions
// are made on: control is the only writer, so it knows what its transactions
// will do and goes on without waiting for the disk. published() is what the
// store has made durable, and all that anybody outside is told.
//
//   commit -> facts() -> store ... fsync ... -> published() -> watches -> when_durable()
//                               refused or otherwise than expected -> facts() = published()
//
// One thread owns it; everyone else watches.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/server/state/facts.h"
#include "control/store/store.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

class State {
 public:
  static Result<std::unique_ptr<State>> open(std::unique_ptr<store::Store> store, const FirstFacts& first);

  const Facts& facts() const { return facts_; }
  const Snapshot& snapshot() const { return facts_.snapshot; }
  const Facts& published() const { return published_; }

  // Takes or keeps the leadership that every write is fenced with; to be called
  // every second or so, and once before the first commit. Without it commits
  // are refused with the error that it gives.
  Result<> lead(const std::string& holder, MonoTime now);

  // Each Note goes with the Unit that writes its object, the others with the
  // last. Returns before it is durable. Errors: conflict (an expectation is
  // false; what came before it in the list stands); exhausted (too much waits
  // for the disk); unavailable (facts that were lost are being taken back).
  Result<> commit(const std::vector<plan::Unit>& units, const std::vector<Note>& notes, WallTime now);

  // While it lives, what is committed gathers, to reach the disk together.
  class Together {
   public:
    explicit Together(State& state) : store_(*state.store_) { store_.gather(true); }
    ~Together() { store_.gather(false); }
    Together(const Together&) = delete;
    Together& operator=(const Together&) = delete;

   private:
    store::Store& store_;
  };

  // A place in the order of transactions; `submitted()` is that of the newest.
  using Ticket = std::uint64_t;
  Ticket submitted() const { return submitted_; }
  // Tells, from deliver(), when everything submitted so far is durable or lost;
  // an error when that concerns what was submitted up to `own`.
  void when_durable(Ticket own, std::function<void(Result<>)> told);

  void on_ready(std::function<void()> signal) { store_->on_ready(std::move(signal)); }
  void deliver() { store_->deliver(); }  // for the owner to call after the signal
  void upkeep(MonoTime now) { store_->upkeep(now); }
  // Called when facts() went back to published(): what was decided is to be decided again.
  void on_lost(std::function<void(const Error&)> lost) { lost_hook_ = std::move(lost); }

  // Changes of objects after a revision, for those who follow.
  Result<std::unique_ptr<store::Watch>> watch_objects(Revision after, store::Wake wake);
  // An object as it was just before a revision: what an erase took away.
  Result<Object> object_before(const std::string& key, Revision revision);
  // Everything stored, page by page, as it is durable.
  Result<store::RangePage> range(const store::RangeRequest& request) { return store_->range(request); }
  store::StoreStats stats() const { return store_->stats(); }

 private:
  struct Waiter {
    Ticket until = 0;
    Ticket own = 0;
    std::function<void(Result<>)> told;
    Result<> result;
  };

  State(std::unique_ptr<store::Store> store, Facts facts);

  Result<> take_lead(const std::string& holder, MonoTime now);
  Result<> check_expected(const plan::Unit& unit) const;
  Result<> commit_one(store::Txn txn);
  Result<> expect(const store::Txn& txn);
  void told(Ticket ticket, Revision expected, const Result<store::TxnOutcome>& outcome);
  void lose(Ticket ticket, Error error);
  void take_back();
  Result<> catch_up();

  std::unique_ptr<store::Store> store_;
  Facts facts_;
  Facts published_;
  std::unique_ptr<store::Watch> watch_;
  std::optional<store::LeaderLease> lease_;
  std::optional<Error> not_leading_ =
      Error{Code::unavailable, "cluster state", "nobody leads yet", "try again"};
  Ticket submitted_ = 0;
  Ticket told_ = 0;
  std::optional<Error> lost_;  // until everything submitted has been told
  std::deque<Waiter> waiters_;
  std::function<void(const Error&)> lost_hook_;
};

}  // namespace fairlead::server
