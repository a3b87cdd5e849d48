// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/state.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "control/proto/convert.h"
#include "control/server/state/keys.h"

namespace fairlead::server {
namespace {

// A transaction holds 128 operations; an event costs up to two.
constexpr std::size_t kUnitOperations = 96;
constexpr std::size_t kOperations = store::kMaxTxnOperations;
constexpr Millis kLease{3000};

std::size_t size_of(const Object& object) { return proto::encode_object(object).size() + 256; }

void add(store::Txn& txn, const plan::Unit& unit) {
  for (const plan::Expectation& expected : unit.expect)
    txn.compares.push_back(store::mod_revision_is(store_key(expected.key), expected.revision));
  for (const Object& object : unit.put)
    txn.then.push_back(store::put(store_key(plan::key_of(object)), proto::encode_object(object)));
  for (const plan::ObjectKey& key : unit.erase) txn.then.push_back(store::erase(store_key(key)));
  for (const ipam::Change& change : unit.leases) {
    txn.compares.push_back(store::mod_revision_is(lease_key(change.lease.address), change.expected));
    txn.then.push_back(store::put(lease_key(change.lease.address), ipam::encode_lease(change.lease)));
  }
}

bool writes(const plan::Unit& unit, const plan::ObjectKey& key) {
  return std::any_of(unit.put.begin(), unit.put.end(),
                     [&](const Object& o) { return plan::key_of(o) == key; }) ||
         std::find(unit.erase.begin(), unit.erase.end(), key) != unit.erase.end();
}

// Takes from `left` the notes about what the Unit writes.
std::vector<Note> take_notes(std::vector<Note>& left, const plan::Unit& unit) {
  std::vector<Note> taken, kept;
  for (Note& note : left) (writes(unit, note.about) ? taken : kept).push_back(std::move(note));
  left = std::move(kept);
  return taken;
}

}  // namespace

State::State(std::unique_ptr<store::Store> store, Facts facts)
    : store_(std::move(store)), facts_(std::move(facts)), published_(facts_) {}

Result<std::unique_ptr<State>> State::open(std::unique_ptr<store::Store> store, const FirstFacts& first) {
  FL_TRY_OK(write_first_facts(*store, first));
  FL_TRY(Facts facts, load_facts(*store));
  std::unique_ptr<State> state(new State(std::move(store), std::move(facts)));
  // The first watch of all, so that published() moves before anyone else is woken.
  FL_TRY(state->watch_, state->store_->watch("", state->published_.snapshot.revision, [raw = state.get()] {
    const Result<> caught = raw->catch_up();
    FL_CHECK(caught.has_value(), format(caught.error()));  // it was read and checked when it was written
  }));
  FL_TRY_OK(state->catch_up());
  return state;
}

Result<> State::lead(const std::string& holder, MonoTime now) {
  Result<> leads = take_lead(holder, now);
  not_leading_ = leads ? std::nullopt : std::optional(leads.error());
  return leads;
}

Result<> State::take_lead(const std::string& holder, MonoTime now) {
  if (lease_ && now + kLease / 2 < lease_->until) return {};
  auto lease = lease_ ? store_->renew(*lease_, kLease, now)
                      : store_->acquire(std::string(kLeaderKey), holder, kLease, now);
  // What is under way was decided under the old token and is told first.
  if (!lease && lease_ && lease.error().code == Code::conflict && told_ == submitted_)
    lease = store_->acquire(std::string(kLeaderKey), holder, kLease, now);
  if (!lease) return std::unexpected(std::move(lease).error());
  lease_ = std::move(*lease);
  if (told_ == submitted_) facts_.snapshot.revision = published_.snapshot.revision;
  return {};
}

Result<> State::commit(const std::vector<plan::Unit>& units, const std::vector<Note>& notes, WallTime now) {
  std::vector<Note> left = notes;
  for (const plan::Unit& unit : plan::pack(units, size_of, {kUnitOperations, kUnitOperations, 1U << 20})) {
    FL_TRY_OK(check_expected(unit));
    store::Txn txn;
    add(txn, unit);
    std::vector<Note> here = take_notes(left, unit);
    // What does not fit beside its change follows right after the last one.
    while (!here.empty() && txn.then.size() + 2 * here.size() > kOperations) {
      left.push_back(std::move(here.back()));
      here.pop_back();
    }
    for (store::Op& op : facts_.events.ops_for(here, now)) txn.then.push_back(std::move(op));
    FL_TRY_OK(commit_one(std::move(txn)));
  }
  for (std::size_t at = 0; at < left.size(); at += kOperations / 2) {
    const std::size_t end = std::min(left.size(), at + kOperations / 2);
    const std::vector<Note> some(left.begin() + static_cast<std::ptrdiff_t>(at),
                                 left.begin() + static_cast<std::ptrdiff_t>(end));
    FL_TRY_OK(commit_one({{}, facts_.events.ops_for(some, now), {}}));
  }
  return {};
}

// On the facts; the store checks again on what is durable.
Result<> State::check_expected(const plan::Unit& unit) const {
  for (const plan::Expectation& expected : unit.expect) {
    const auto found = stored(facts_.snapshot, expected.key);
    const Revision standing = found ? meta_of(*found).revision : Revision{};
    if (standing != expected.revision)
      return fail(Code::conflict, display_name(expected.key.kind, expected.key.ns, expected.key.name),
                  "it changed meanwhile", "read it again, then try again");
  }
  return {};
}

Result<> State::commit_one(store::Txn txn) {
  if (lost_)
    return fail(Code::unavailable, "cluster state", "what was lost is being taken back: " + lost_->reason,
                "try again");
  if (txn.then.empty()) return {};
  if (not_leading_) return std::unexpected(*not_leading_);
  txn.compares.push_back(store::create_revision_is(lease_->key, lease_->token));
  const Ticket ticket = submitted_ + 1;
  const Revision expected{facts_.snapshot.revision.value + 1};
  FL_TRY_OK(store_->submit(txn, [this, ticket, expected](const Result<store::TxnOutcome>& outcome) {
    told(ticket, expected, outcome);
  }));
  submitted_ = ticket;
  return expect(txn);
}

// What the transaction will have done.
Result<> State::expect(const store::Txn& txn) {
  const Revision next{facts_.snapshot.revision.value + 1};
  for (const store::Op& op : txn.then)
    FL_TRY_OK(facts_.apply({op.type, {op.key, op.value, Revision{}, next}}));
  facts_.snapshot.revision = next;
  return {};
}

void State::told(Ticket ticket, Revision expected, const Result<store::TxnOutcome>& outcome) {
  told_ = ticket;
  if (!outcome)
    lose(ticket, outcome.error());
  else if (!outcome->succeeded || outcome->revision != expected)
    lose(ticket, {Code::conflict, "cluster state", "it changed meanwhile", "read it again, then try again"});
  if (lost_ && told_ == submitted_) take_back();
  while (!waiters_.empty() && waiters_.front().until <= told_) {
    const Waiter waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter.told(waiter.result);
  }
}

void State::lose(Ticket ticket, Error error) {
  for (Waiter& waiter : waiters_)
    if (ticket <= waiter.own && waiter.result) waiter.result = std::unexpected(error);
  if (!lost_) lost_ = std::move(error);
}

// Nothing is under way, so what is published is all there is.
void State::take_back() {
  facts_ = published_;
  const Error lost = *std::exchange(lost_, std::nullopt);
  if (lost_hook_) lost_hook_(lost);
}

void State::when_durable(Ticket own, std::function<void(Result<>)> told) {
  if (told_ == submitted_) return told({});
  waiters_.push_back({submitted_, own, std::move(told), {}});
}

Result<> State::catch_up() {
  for (;;) {
    FL_TRY(const auto batch, watch_->next());
    if (!batch) break;
    for (const store::WatchEvent& change : batch->events) FL_TRY_OK(published_.apply(change));
    published_.snapshot.revision = batch->revision;
  }
  return {};
}

Result<std::unique_ptr<store::Watch>> State::watch_objects(Revision after, store::Wake wake) {
  return store_->watch(std::string(kObjects), after, std::move(wake));
}

Result<Object> State::object_before(const std::string& key, Revision revision) {
  FL_TRY(const auto found, store::get(*store_, key, Revision(revision.value - 1)));
  if (!found) return fail(Code::corrupt, key, "was erased and had not existed");
  FL_TRY(Object object, proto::decode_object(found->value));
  meta_of(object).revision = found->mod_revision;
  return object;
}

}  // namespace fairlead::server
