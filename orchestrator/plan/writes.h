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
};

// One line of `fairlead events`.
struct Event {
  ObjectKey about;
  std::string what;  // "placed", "stopped", "removed", "not placed", "service", "refused"
  std::string text;  // "on n2, 10.244.0.12 fd00:244::c"
  bool operator==(const Event&) const = default;
};

struct Writes {
  std::vector<Unit> units;     // in the order to commit
  std::vector<Event> events;   // record them when the units are committed
  std::vector<Error> refused;  // items the newest facts do not allow any more
  bool empty() const { return units.empty(); }
};

struct Limits {
  std::size_t operations = 128;
  std::size_t compares = 128;
  std::size_t bytes = 1U << 20;  // of objects, as `size_of` says; below the store's 1.5 MiB
};

// Index ranges of `units` that fit a transaction each: [0, ends[0]), [ends[0], ends[1]), ...
// A Unit that is too large by itself stands alone; the store will refuse it by name.
std::vector<std::size_t> pack(const std::vector<Unit>& units,
                              const std::function<std::size_t(const Object&)>& size_of,
                              const Limits& limits = {});

}  // namespace fairlead::plan
