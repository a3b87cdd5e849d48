// SPDX-License-Identifier: Apache-2.0
// Transactions of the store, as values. Pure code (orchestrator/plan, tests)
// makes a Txn; a Store commits it; nothing here touches a store.
//
// A strict subset of etcd's transactions, so that any backend can hold it:
// if every Compare is true the `then` operations are done, else `otherwise`;
// all of one list or none, and exactly one new revision if anything changed
// (a put always changes; erasing an absent key does not). A conflict is an
// outcome (`succeeded == false`), not an error. A list names a key only once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/revision.h"

namespace fairlead::store {

inline constexpr std::size_t kMaxTxnOperations = 128;        // compares, then, otherwise: each
inline constexpr std::size_t kMaxTxnBytes = (3U << 20) / 2;  // 1.5 MiB, weighed by txn_bytes()
inline constexpr std::size_t kTxnItemOverhead = 32;          // a compare's or operation's framing, rounded up
inline constexpr std::size_t kMaxKeyBytes = 1024;

// A key as it stands at some revision. `create_revision` is the write that
// made it (since it was last absent), `mod_revision` its last write.
struct KeyValue {
  std::string key;
  std::string value;
  Revision create_revision;
  Revision mod_revision;
  bool operator==(const KeyValue&) const = default;
};

// One condition. An absent key has mod_revision and create_revision 0 and no
// value: value_is() on it is false.
struct Compare {
  enum class Test : std::uint8_t { mod_revision, create_revision, value, absent, present };
  std::string key;
  Test test = Test::present;
  Revision revision;  // for mod_revision and create_revision
  std::string value;  // for value
  bool operator==(const Compare&) const = default;
};

inline Compare mod_revision_is(std::string key, Revision revision) {
  return {std::move(key), Compare::Test::mod_revision, revision, {}};
}
inline Compare create_revision_is(std::string key, Revision revision) {
  return {std::move(key), Compare::Test::create_revision, revision, {}};
}
inline Compare value_is(std::string key, std::string value) {
  return {std::move(key), Compare::Test::value, {}, std::move(value)};
}
inline Compare is_absent(std::string key) { return {std::move(key), Compare::Test::absent, {}, {}}; }
inline Compare is_present(std::string key) { return {std::move(key), Compare::Test::present, {}, {}}; }

struct Op {
  enum class Type : std::uint8_t { put, erase };
  Type type = Type::put;
  std::string key;
  std::string value;  // empty for erase
  bool operator==(const Op&) const = default;
};

inline Op put(std::string key, std::string value) {
  return {Op::Type::put, std::move(key), std::move(value)};
}
inline Op erase(std::string key) { return {Op::Type::erase, std::move(key), {}}; }

struct Txn {
  std::vector<Compare> compares;  // all must be true; none is true
  std::vector<Op> then;
  std::vector<Op> otherwise;
  bool operator==(const Txn&) const = default;
};

// `revision` is the store's after the transaction: the new one if something
// was written, the standing one otherwise.
struct TxnOutcome {
  bool succeeded = false;  // `then` was taken
  bool wrote = false;      // there is a new revision
  Revision revision;
  bool operator==(const TxnOutcome&) const = default;
};

// One change of one key, as a watcher sees it. An erase carries the key and
// the revision of the erasure (in now.mod_revision), no value.
struct WatchEvent {
  Op::Type type = Op::Type::put;
  KeyValue now;
  bool operator==(const WatchEvent&) const = default;
};

// What a transaction weighs against kMaxTxnBytes; for those who cut work into transactions.
inline std::size_t item_bytes(const Compare& c) { return c.key.size() + c.value.size() + kTxnItemOverhead; }
inline std::size_t item_bytes(const Op& op) { return op.key.size() + op.value.size() + kTxnItemOverhead; }
inline std::size_t txn_bytes(const Txn& txn) {
  std::size_t sum = 0;
  for (const auto& compare : txn.compares) sum += item_bytes(compare);
  for (const auto& op : txn.then) sum += item_bytes(op);
  for (const auto& op : txn.otherwise) sum += item_bytes(op);
  return sum;
}

}  // namespace fairlead::store
