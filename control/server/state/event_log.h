// SPDX-License-Identifier: Apache-2.0
// EventLog: what happened to objects, the newest 5,000, and of one object the
// first 20 and the newest 180, so that a pod that crashes for days hides no
// other's story and not how its own began. Events are written in the
// transaction of the change they tell, so there is no change without its
// event and no event without its change; this is their copy in memory, filled
// from the store like everything else.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "control/proto/convert.h"
#include "control/store/txn.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

using Note = plan::Event;  // an event that is not yet written

class EventLog {
 public:
  static constexpr std::size_t kKept = 5000;
  static constexpr std::size_t kKeptOfOne = 200;
  static constexpr std::size_t kFirstOfOne = 20;  // of these; they stay

  Result<> apply(const store::WatchEvent& change);  // of a key under /event/

  // The writes for new events: each a put, and an erase once the log (or the object's part) is full.
  std::vector<store::Op> ops_for(const std::vector<Note>& notes, WallTime now) const;

  // Of one object ("" for all), newer than `after`, in the order of their times: `seq` is that of
  // their arrival, and a node tells its part later than control.
  std::vector<proto::Event> list(std::string_view object, std::uint64_t after) const;
  const std::deque<proto::Event>& all() const { return events_; }  // in the order of their arrival
  bool said(const Note& note) const;  // in an event of the object that is still kept
  // True when the newest event of the object says the same already.
  bool said_last(const Note& note) const;
  std::size_t size() const { return events_.size(); }

 private:
  std::size_t oldest_of(std::string_view object, std::size_t skip) const;

  std::deque<proto::Event> events_;
  std::map<std::string, std::size_t, std::less<>> count_;     // of each object
  std::map<std::string, std::uint64_t, std::less<>> newest_;  // object -> seq
};

}  // namespace fairlead::server
