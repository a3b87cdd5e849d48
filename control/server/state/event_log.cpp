// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/event_log.h"

#include <algorithm>
#include <set>
#include <utility>

#include "control/server/state/keys.h"

namespace fairlead::server {
namespace {

std::string name_of(const Note& note) {
  return display_name(note.about.kind, note.about.ns, note.about.name);
}

}  // namespace

Result<> EventLog::apply(const store::WatchEvent& change) {
  if (change.type == store::Op::Type::erase) {
    const auto event = std::ranges::lower_bound(events_, change.now.key, {},
                                                [](const proto::Event& e) { return event_key(e.seq); });
    if (event == events_.end() || event_key(event->seq) != change.now.key) return {};
    const auto found = newest_.find(event->object);
    if (found != newest_.end() && found->second == event->seq) newest_.erase(found);
    if (--count_[event->object] == 0) count_.erase(event->object);
    events_.erase(event);
    return {};
  }
  FL_TRY(proto::EventList list, proto::event_list_from_json(change.now.value));
  if (list.events.size() != 1) return fail(Code::corrupt, change.now.key, "is no event");
  newest_[list.events.front().object] = list.events.front().seq;
  ++count_[list.events.front().object];
  events_.push_back(std::move(list.events.front()));
  return {};
}

// The index of an object's oldest event behind its first `skip`.
std::size_t EventLog::oldest_of(std::string_view object, std::size_t skip) const {
  std::size_t at = 0;
  while (events_[at].object != object || skip-- > 0) ++at;
  return at;
}

std::vector<store::Op> EventLog::ops_for(const std::vector<Note>& notes, WallTime now) const {
  std::vector<store::Op> ops;
  std::uint64_t seq = events_.empty() ? 1 : events_.back().seq + 1;
  std::map<std::string, std::size_t> added, taken;
  std::set<std::size_t> old;  // indexes of what goes
  for (const Note& note : notes) {
    const std::string object = name_of(note);
    const auto count = count_.find(object);
    const std::size_t have = count == count_.end() ? 0 : count->second;
    if (have + ++added[object] > kKeptOfOne + taken[object] && kFirstOfOne + taken[object] < have)
      old.insert(oldest_of(object, kFirstOfOne + taken[object]++));
    const WallTime time = note.at == WallTime{} ? now : note.at;
    const proto::Event event{seq,         time,        name_of(note), note.warning ? "warning" : "normal",
                             note.reason, note.message};
    ops.push_back(store::put(event_key(seq), proto::to_json(proto::EventList{{event}})));
    ++seq;
  }
  const std::size_t all = events_.size() + notes.size();
  const std::size_t too_many = all > kKept ? all - kKept : 0;
  for (std::size_t i = 0; i < events_.size() && old.size() < std::min(too_many, notes.size()); ++i)
    old.insert(i);
  for (const std::size_t i : old) ops.push_back(store::erase(event_key(events_[i].seq)));
  return ops;
}

std::vector<proto::Event> EventLog::list(std::string_view object, std::uint64_t after) const {
  std::vector<proto::Event> found;
  for (const proto::Event& event : events_)
    if (event.seq > after && (object.empty() || event.object == object)) found.push_back(event);
  std::ranges::sort(found, {}, [](const proto::Event& event) { return std::pair(event.time, event.seq); });
  return found;
}

bool EventLog::said(const Note& note) const {
  const std::string object = name_of(note);
  return std::ranges::any_of(events_, [&](const proto::Event& event) {
    return event.object == object && event.reason == note.reason && event.message == note.message;
  });
}

bool EventLog::said_last(const Note& note) const {
  const auto newest = newest_.find(name_of(note));
  if (newest == newest_.end()) return false;
  const auto event = std::lower_bound(events_.begin(), events_.end(), newest->second,
                                      [](const proto::Event& e, std::uint64_t seq) { return e.seq < seq; });
  return event != events_.end() && event->reason == note.reason && event->message == note.message;
}

}  // namespace fairlead::server
