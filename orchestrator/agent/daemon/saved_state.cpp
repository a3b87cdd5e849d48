// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/daemon/saved_state.h"

#include "base/hash.h"
#include "base/io/file.h"

namespace fairlead::agent {
namespace {

constexpr std::string_view kMagic = "fairlead agent 1\n";

std::string number(std::uint64_t value) {
  std::string bytes;
  for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
  return value;
}

void add_frame(std::string& out, const proto::ControlMessage& message) {
  const std::string frame = proto::encode(message);
  out += number(frame.size()) + frame;
}

Result<> take(SavedState& saved, std::string_view frame) {
  FL_TRY(const proto::ControlMessage message, proto::decode_control_message(frame));
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
  if (bytes.size() < kMagic.size() + 8 || !bytes.starts_with(kMagic)) return cut();
  const std::string_view sum = bytes.substr(bytes.size() - 8);
  bytes.remove_suffix(8);
  if (StableHash().add(bytes).value() != read_number(sum)) return cut();
  bytes.remove_prefix(kMagic.size());
  SavedState saved;
  while (!bytes.empty()) {
    if (bytes.size() < 8) return cut();
    const std::uint64_t size = read_number(bytes);
    bytes.remove_prefix(8);
    if (size > bytes.size()) return cut();
    FL_TRY_OK(take(saved, bytes.substr(0, size)));
    bytes.remove_prefix(size);
  }
  return saved;
}

Result<> save(const std::filesystem::path& file, const SavedState& saved) {
  return write_file_atomic(file, encode(saved), 0600);
}

Result<SavedState> load(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return SavedState{};
  FL_TRY(const std::string bytes, read_file(file));
  return decode_saved_state(bytes);
}

}  // namespace fairlead::agent
