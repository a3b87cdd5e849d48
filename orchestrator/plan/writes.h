// SPDX-License-Identifier: Apache-2.0
// Writes: a decision as writes to the store, still without bytes. A shell
// (control/server) encodes the objects, packs whole Units into transactions
// (at most 128 operations and 1.5 MiB) and commits them in order. A Unit is
// never split: a pod and its addresses are one Unit. A failed expectation
// means that the facts changed: throw the rest away and decide again on the
// newest snapshot.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/catalog/objects.h"
#include "ipam/lease.h"

namespace fairlead::plan {

struct ObjectKey {
  Kind kind = Kind::pod;
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
};

ObjectKey key_of(const Object& object);

// The object still has this revision; 0: it does not exist.
struct Expectation {
  ObjectKey key;
  Revision revision;
  auto operator<=>(const Expectation&) const = default;
};

// All of it or nothing. An object written here is also in `expect`.
struct Unit {
  std::vector<Expectation> expect;
  std::vector<Object> put;
  std::vector<ObjectKey> erase;
  std::vector<ipam::Change> leases;  // each carries its own expectation

  std::size_t operations() const { return put.size() + erase.size() + leases.size(); }
  std::size_t compares() const { return expect.size() + leases.size(); }
  bool operator==(const Unit&) const = default;
};

// One line of `fairlead events`.
struct Event {
  ObjectKey about;
  bool warning = false;
  std::string reason;   // one word: Placed, Stopping, Removed, Exposed, Withdrawn, NotPlaced, Joined, Left
  std::string message;  // "on n2, 10.244.0.12 fd00:244::c"
  WallTime at{};        // when it happened; none: when it is written
  bool operator==(const Event&) const = default;
};

// The end of the event of an object that is gone: these rest, and are released one day. What is
// stored of whose they were is that event alone.
std::string rest_text(const IpAddress& four, const IpAddress& six);
bool tells_rest_of(std::string_view message, const IpAddress& address);

struct Writes {
  std::vector<Unit> units;     // in the order to commit
  std::vector<Event> events;   // record them when the units are committed
  std::vector<Error> refused;  // items the newest facts do not allow any more
  bool empty() const { return units.empty(); }
};

struct Limits {
  std::size_t operations = 128;
  std::size_t compares = 128;
  std::size_t bytes =
      1U << 20U;  // objects as `size_of` says, and kItemBytes for each item; the store takes 1.5 MiB
};
inline constexpr std::size_t kItemBytes = 320;  // a key, a lease and their framing, rounded up

// Merges neighbours into as few Units as fit a transaction each, in order;
// what two of them expect is expected once. A Unit that is too large by
// itself stands alone, and the store will refuse it by name.
std::vector<Unit> pack(std::vector<Unit> units, const std::function<std::size_t(const Object&)>& size_of,
                       const Limits& limits = {});

}  // namespace fairlead::plan
