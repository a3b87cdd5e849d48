// SPDX-License-Identifier: Apache-2.0
// A store's state at one revision as a stream of bytes, independent of any
// backend: what `fairlead snapshot` saves, inspects and restores. Numbers are
// little endian; a text is its size:u32 and its bytes.
//
//   "FLSNAP01"  cluster:text  revision:u64  made_ms:u64
//   1  key:text  value:text  create:u64  mod:u64      each key, in order
//   0  keys:u64  sum:u64                              of all bytes before the sum
//
// A file without its end, or with a byte that changed, is refused. The sum is
// a StableHash: it finds accidents, not an attacker.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"
#include "control/store/txn.h"

namespace fairlead::store {

struct SnapshotHead {
  std::string cluster;
  Revision revision;
  WallTime made{};
  bool operator==(const SnapshotHead&) const = default;
};

// The bytes in order: head(), item() for each key, tail(). The pieces are to be
// written one behind the other, as they come.
class SnapshotEncoder {
 public:
  std::string head(const SnapshotHead& head);
  std::string item(const KeyValue& item);
  std::string tail();

 private:
  StableHash sum_;
  std::uint64_t keys_ = 0;
};

struct SnapshotSummary {
  SnapshotHead head;
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;  // of keys and values
};

// Reads to the end and checks everything; `each` gets every key on the way,
// before the sum has been checked. Errors: invalid (not a snapshot); corrupt,
// naming the byte; unsupported (a newer version); those of `each`.
Result<SnapshotSummary> read_snapshot(std::istream& in, const std::function<Result<>(KeyValue)>& each);

}  // namespace fairlead::store
