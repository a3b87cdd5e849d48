// SPDX-License-Identifier: Apache-2.0
// What a restarted agent must know before control answers: the last Welcome
// and this node's pods with their last status. One file, written atomically
// before the actions it describes begin; frames of the agent's stream
// (control/proto), each after its length, with a checksum at the end.
// StateFile knows what its file says: the same is not written twice.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/proto/stream.h"

namespace fairlead::agent {

struct SavedState {
  std::optional<proto::Welcome> welcome;
  std::vector<Pod> pods;
  bool operator==(const SavedState&) const = default;
};

std::string encode(const SavedState& saved);
Result<SavedState> decode_saved_state(std::string_view bytes);  // corrupt: cut, changed or foreign

class StateFile {
 public:
  explicit StateFile(std::filesystem::path file) : file_(std::move(file)) {}

  Result<SavedState> load();  // a missing file is an empty state
  Result<> write(const SavedState& saved);

  bool holds(const std::string& uid) const { return uids_.contains(uid); }
  const std::optional<Error>& behind() const { return behind_; }  // why the last write failed
  std::string disk_trouble() const;                               // the same for people; empty: none
  std::uint64_t unsaved() const { return unsaved_; }              // writes that failed

 private:
  void says(const SavedState& saved, std::string_view bytes);

  const std::filesystem::path file_;
  std::uint64_t sum_ = 0;  // of what it says
  std::set<std::string, std::less<>> uids_;
  std::optional<Error> behind_;
  std::uint64_t unsaved_ = 0;
};

}  // namespace fairlead::agent
