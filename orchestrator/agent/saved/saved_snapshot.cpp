// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/saved/saved_snapshot.h"

#include "base/hash.h"
#include "orchestrator/agent/saved/frames.h"

namespace fairlead::agent {
namespace {

using proto::WatchEvent;
using Type = WatchEvent::Type;

constexpr std::string_view kMagic = "fairlead objects 1\n";
constexpr std::size_t kMaxBoot = 64;

std::unexpected<Error> damaged(const char* reason) {
  return fail(Code::corrupt, "saved objects", reason, "they are asked of control again");
}

// The sum stands in front of the frame, so that a cut record is told from a changed one.
Result<WatchEvent> take_record(std::string_view& bytes) {
  const std::uint64_t sum = read_number(bytes.substr(kNumberBytes));
  const std::string_view frame = bytes.substr(2 * kNumberBytes, read_number(bytes));
  if (StableHash().add(frame).value() != sum) return damaged("a record is changed");
  bytes.remove_prefix(2 * kNumberBytes + frame.size());
  FL_TRY(const proto::ControlMessage message, proto::decode_control_message(frame));
  const auto* event = std::get_if<WatchEvent>(&message);
  const bool needs_object = event && (event->type == Type::put || event->type == Type::remove);
  if (!event || (needs_object && !event->object)) return damaged("a record is no event");
  return *event;
}

bool is_cut(std::string_view bytes) {
  return bytes.size() < 2 * kNumberBytes || read_number(bytes) > bytes.size() - 2 * kNumberBytes;
}

}  // namespace

std::string encode_head(std::string_view boot) { return std::string(kMagic) + std::string(boot) + "\n"; }

std::string encode_record(const WatchEvent& event) {
  const std::string frame = proto::encode(proto::ControlMessage{event});
  return number(frame.size()) + number(StableHash().add(frame).value()) + frame;
}

std::string encode_whole(const Snapshot& snapshot) {
  std::string out;
  each_object(snapshot, [&](const Object& object) {
    out += encode_record(WatchEvent{Type::put, meta_of(object).revision, object});
  });
  return out + encode_record(WatchEvent{Type::synced, snapshot.revision, {}});
}

Result<SavedSnapshot> decode_saved_snapshot(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return damaged("they are of another version, or no such file");
  bytes.remove_prefix(kMagic.size());
  const std::size_t line = bytes.substr(0, kMaxBoot).find('\n');
  if (line == std::string_view::npos) return damaged("the head is cut");
  SavedSnapshot saved{std::string(bytes.substr(0, line)), {}};
  bytes.remove_prefix(line + 1);
  std::size_t whole = 0;  // events of whole transactions
  bool synced = false;
  while (!is_cut(bytes)) {
    const bool last = read_number(bytes) == bytes.size() - 2 * kNumberBytes;
    Result<WatchEvent> event = take_record(bytes);
    if (!event && last) break;  // written half, perhaps: blocks of a file reach the disk in any order
    if (!event) return std::unexpected(event.error());
    synced |= event->type == Type::synced;
    const bool closes = event->type == Type::synced || event->type == Type::bookmark;
    saved.events.push_back(std::move(*event));
    if (closes && synced) whole = saved.events.size();
  }
  saved.events.resize(whole);
  return saved;
}

}  // namespace fairlead::agent
