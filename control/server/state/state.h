// SPDX-License-Identifier: Apache-2.0
// State: the store with its facts in memory, and the way decisions are
// written. commit() turns Units and Notes into transactions and returns when
// they are durable and the facts show them; a failed expectation is a conflict
// and stops there. One thread owns it; everyone else watches.
#pragma once

#include <functional>
#include <memory>
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

  // Each Note goes with the Unit that writes its object, the others with the last.
  Result<> commit(const std::vector<plan::Unit>& units, const std::vector<Note>& notes, WallTime now);

  // Changes of objects after a revision, for those who follow.
  Result<std::unique_ptr<store::Watch>> watch_objects(Revision after, store::Wake wake);
  // An object as it was just before a revision: what an erase took away.
  Result<Object> object_before(const std::string& key, Revision revision);
  store::StoreStats stats() const { return store_->stats(); }

 private:
  State(std::unique_ptr<store::Store> store, Facts facts)
      : store_(std::move(store)), facts_(std::move(facts)) {}

  Result<> commit_one(store::Txn txn);
  Result<> catch_up();

  std::unique_ptr<store::Store> store_;
  Facts facts_;
  std::unique_ptr<store::Watch> watch_;
};

}  // namespace fairlead::server
