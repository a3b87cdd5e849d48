// SPDX-License-Identifier: Apache-2.0
// Store: the slow truth of a cluster. Keys and values with revisions, atomic
// transactions, consistent reads, ordered watches. A strict subset of what
// etcd promises, so that the embedded store and etcd are one thing to a caller;
// tests/unit/control/store holds every backend to the same suite.
//
//   range(prefix) -> revision R, everything     then     watch(prefix, after R)
//   -> every later change, in order, or an explicit `compacted`: range again
//
// Threads: a store belongs to one thread, its owner's; every call, every wake
// and every `done` happens on it. Only the signal of on_ready() comes from
// another. Nobody sees a revision, by reading or watching, before it is durable.
//
//   submit(txn, done) ... submit(txn, done)     -> many, one fsync
//   signal -> deliver()                         -> wakes, then done, in revision order
//   commit(txn)                                 = submit, then wait and deliver
//
// Heartbeats, health and figures do not belong here. The only entry with an
// expiry is a leader's lease.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/store/txn.h"

namespace fairlead::store {

inline constexpr std::size_t kMaxPageItems = 1000;
inline constexpr std::size_t kMaxPageBytes = 2U << 20;  // keys and values; a page holds at least one item

struct RangeRequest {
  std::string prefix;                 // empty: every key
  Revision at{};                      // 0: now
  std::size_t limit = kMaxPageItems;  // 1..kMaxPageItems
  std::string page;                   // RangePage::next_page of the page before; carries its revision
};

// Items in key order, all as they stood at `revision`. A page may be shorter
// than the limit; only an empty next_page ends the reading.
struct RangePage {
  Revision revision;
  std::vector<KeyValue> items;
  std::string next_page;
};

// All the matching changes of one revision, in the transaction's order.
struct WatchBatch {
  Revision revision;
  std::vector<WatchEvent> events;  // never empty
};

// A place in the store's history; destroying it ends the watch. It holds no
// queue: a slow reader costs nothing, never delays the writer, and when the
// history it has not read yet is compacted, it is told so and counted as lagged.
class Watch {
 public:
  virtual ~Watch() = default;

  // The next revision that touches the prefix; nullopt: none now, the wake will
  // be called. Errors: compacted (range again, open a new watch); unavailable
  // (the store is closed). After an error every further call repeats it.
  virtual Result<std::optional<WatchBatch>> next() = 0;

  // The bookmark: every matching change up to here has been returned by next().
  // It moves on with writes elsewhere, so that a resuming client asks for little.
  virtual Revision seen() const = 0;
};

// Called when next() has something new after having returned nullopt (or never
// having been called), on the store's thread, after the write is durable. It
// may use the store; usual is to post the sending to the stream.
using Wake = std::function<void()>;

// Counters since open, and levels.
struct StoreStats {
  Revision revision;
  Revision compacted;  // reads below it are refused
  std::uint64_t keys = 0;
  std::uint64_t history_bytes = 0;  // keys and values of the revisions still kept
  std::uint64_t writes = 0;
  std::uint64_t conflicts = 0;      // compares that were false
  std::uint64_t refused = 0;        // transactions over a limit or malformed, or that found the queue full
  std::uint64_t batches = 0;        // fsyncs that made transactions durable
  std::uint64_t failed_writes = 0;  // disk full and other errors of the medium
  std::uint64_t watches = 0;        // open
  std::uint64_t watches_lagged = 0;
  std::uint64_t queued = 0;  // submitted, not yet delivered
  bool read_only = false;    // the last write failed; the next one is tried all the same
};

// Told the outcome of a submitted transaction. Called from deliver() or commit(),
// never from within submit(); it may use the store.
using Done = std::function<void(Result<TxnOutcome>)>;

// Leadership of one key for a time. Every write of the leader compares
// create_revision_is(key, token), so that one who has lost it writes nothing.
struct LeaderLease {
  std::string key;
  Revision token;    // create_revision of the key
  MonoTime until{};  // by the store owner's clock
  bool operator==(const LeaderLease&) const = default;
};

class Store {
 public:
  virtual ~Store() = default;

  // Queues a transaction. `done` is told once it is durable; or why it is not:
  // exhausted (disk full: nothing was written, reads go on, the next
  // transaction tries again); io (the same; a crash at that very moment may
  // still leave it behind). With it fails everything submitted after it, whose
  // outcome was decided on what did not come to be. When submit() itself fails,
  // `done` is dropped: invalid (a limit, an empty key, a key named twice);
  // exhausted (the queue is full).
  virtual Result<> submit(const Txn& txn, Done done) = 0;

  // True: more is about to be submitted, which what is there may wait for, to reach the disk with one
  // fsync; until false. A hint: much, or a commit(), does not wait.
  virtual void gather(bool more) = 0;

  // Publishes what has become durable: wakes watches, calls `done`. For the
  // owner to call after each signal; without news it does nothing.
  virtual void deliver() = 0;

  // `signal` is called when deliver() has something to do, from any thread; it
  // must not use the store (usual is to post deliver() to the owner's loop).
  virtual void on_ready(std::function<void()> signal) = 0;

  // Durable when it returns, after everything submitted before it. It waits
  // where submit() would refuse for a full queue. Errors: those of both.
  virtual Result<TxnOutcome> commit(const Txn& txn) = 0;

  // Errors: compacted; invalid (a revision that does not exist yet, a limit out
  // of range, a foreign page token).
  virtual Result<RangePage> range(const RangeRequest& request) = 0;

  // Every change of keys under `prefix` in revisions > after. Errors: compacted;
  // invalid (`after` lies in the future: the store was restored, range again).
  virtual Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision after, Wake wake) = 0;

  // Forgets how things stood before `revision`; what stands at it stays
  // readable. Backends also do so by themselves, to stay bounded. Compacting to
  // where it is already compacted does nothing. Errors: invalid (future).
  virtual Result<> compact(Revision revision) = 0;

  // The only entries with an expiry. `holder` is unique among the living; who
  // holds the lease already, or held it in an earlier process, gets it again
  // with the same token. Errors: conflict (held by another, named, and for how
  // long; renew and release: it has ended or is another's); those of commit().
  virtual Result<LeaderLease> acquire(const std::string& key, const std::string& holder, Millis ttl,
                                      MonoTime now) = 0;
  virtual Result<LeaderLease> renew(const LeaderLease& lease, Millis ttl, MonoTime now) = 0;
  virtual Result<> release(const LeaderLease& lease) = 0;

  // What time asks for, in bounded steps: ends leases, forgets history that is
  // too old, tries a disk that was full. For the owner to call every second or so.
  virtual void upkeep(MonoTime now) = 0;

  virtual Revision revision() const = 0;
  virtual StoreStats stats() const = 0;
};

// The limits of txn.h, for every backend: invalid, naming the list or the key.
Result<> validate(const Txn& txn);

// One key, now or at a revision.
Result<std::optional<KeyValue>> get(Store& store, std::string_view key, Revision at = {});

// All pages under a prefix at one revision.
struct Listing {
  Revision revision;
  std::vector<KeyValue> items;
};
Result<Listing> list(Store& store, std::string_view prefix, Revision at = {});

}  // namespace fairlead::store
