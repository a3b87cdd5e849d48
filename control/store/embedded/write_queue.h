// SPDX-License-Identifier: Apache-2.0
// Where an embedded store's revisions wait for a disk: the one interface
// between its state machine and whatever makes it durable.
//
//   push* -> ... -> progress(): durable up to R, folded up to F
//              fails -> progress(): failure; nothing more is written until
//                       restart() has emptied the queue
//
// It has no bound of its own: who pushes holds it to one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/revision.h"

namespace fairlead::store {

struct JournalEntry {
  Revision revision;
  std::string record;  // encode_record() of its changes
};

class WriteQueue {
 public:
  struct Progress {
    Revision durable;           // 0: nothing yet
    Revision folded;            // 0: nothing yet
    std::uint64_t batches = 0;  // that were made durable, each with one fsync
    std::uint64_t rounds = 0;   // batches and successful nudges
    bool idle = true;           // nothing is queued or under way
    std::optional<Error> failure;
  };

  virtual ~WriteQueue() = default;  // ends what is under way and drops the rest

  // Revisions come in order and without a gap; what is at or below `fold` may
  // go from the history, in the same write.
  virtual void push(JournalEntry entry, Revision fold) = 0;
  virtual void gather(bool more) = 0;     // true: what is pushed may wait for more, until false
  virtual void nudge(Revision fold) = 0;  // a write of nothing: to fold, or to try a disk that was full
  virtual Progress progress() const = 0;
  virtual void wait_for_news(const Progress& known) = 0;    // until it is another, or idle, or failed
  virtual void restart() = 0;                               // after a failure; drops what is queued
  virtual void on_ready(std::function<void()> signal) = 0;  // from any thread, when progress() is another
};

}  // namespace fairlead::store
