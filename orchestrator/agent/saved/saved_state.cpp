// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/saved/saved_state.h"

#include "base/hash.h"
#include "base/io/file.h"
#include "orchestrator/agent/saved/frames.h"

namespace fairlead::agent {
namespace {

constexpr std::string_view kMagic = "fairlead agent 1\n";

Result<> take(SavedState& saved, const proto::ControlMessage& message) {
  if (const auto* welcome = std::get_if<proto::Welcome>(&message)) {
    saved.welcome = *welcome;
    return {};
  }
  const auto* event = std::get_if<proto::WatchEvent>(&message);
  if (!event || !event->object || !std::holds_alternative<Pod>(*event->object))
    return fail(Code::corrupt, "saved state", "a frame is neither a welcome nor a pod");
  saved.pods.push_back(std::get<Pod>(*event->object));
  return {};
}

std::unexpected<Error> cut() { return fail(Code::corrupt, "saved state", "it is cut or changed"); }

}  // namespace

std::string encode(const SavedState& saved) {
  std::string out(kMagic);
  if (saved.welcome) add_frame(out, *saved.welcome);
  for (const Pod& pod : saved.pods)
    add_frame(out, proto::WatchEvent{proto::WatchEvent::Type::put, pod.meta.revision, Object{pod}});
  return out + number(StableHash().add(out).value());
}

Result<SavedState> decode_saved_state(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + kNumberBytes || !bytes.starts_with(kMagic)) return cut();
  const std::string_view sum = bytes.substr(bytes.size() - kNumberBytes);
  bytes.remove_suffix(kNumberBytes);
  if (StableHash().add(bytes).value() != read_number(sum)) return cut();
  bytes.remove_prefix(kMagic.size());
  SavedState saved;
  while (!bytes.empty()) {
    FL_TRY(const proto::ControlMessage message, take_frame(bytes));
    FL_TRY_OK(take(saved, message));
  }
  return saved;
}

void StateFile::says(const SavedState& saved, std::string_view bytes) {
  sum_ = StableHash().add(bytes).value();
  uids_.clear();
  for (const Pod& pod : saved.pods) uids_.insert(pod.meta.uid);
}

Result<SavedState> StateFile::load() {
  const Result<std::string> bytes = read_file(file_);
  if (!bytes && bytes.error().code == Code::not_found) return SavedState{};
  if (!bytes) return std::unexpected(bytes.error());
  FL_TRY(SavedState saved, decode_saved_state(*bytes));
  says(saved, *bytes);
  return saved;
}

Result<> StateFile::write(const SavedState& saved) {
  const std::string bytes = encode(saved);
  const bool there = StableHash().add(bytes).value() == sum_;
  const Result<> written = there ? Result<>() : write_file_atomic(file_, bytes, 0600);
  behind_ = written ? std::nullopt : std::optional(written.error());
  unsaved_ += written ? 0 : 1;
  if (written) says(saved, bytes);
  return written;
}

std::string StateFile::disk_trouble() const {
  if (!behind_) return "";
  const bool full = behind_->code == Code::exhausted;
  return (full ? "its disk is full (" : "its disk cannot be written (") + file_.string() + ": " +
         behind_->reason + ")";
}

}  // namespace fairlead::agent
