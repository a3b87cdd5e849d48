// SPDX-License-Identifier: Apache-2.0
// What a restarted agent must know before control answers: the last Welcome
// and this node's pods with their last status. One file, written atomically
// before the actions it describes begin; frames of the agent's stream
// (control/proto), each after its length, with a checksum at the end.
#pragma once

#include <filesystem>
#include <optional>
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

Result<> save(const std::filesystem::path& file, const SavedState& saved);
Result<SavedState> load(const std::filesystem::path& file);  // a missing file is an empty state

}  // namespace fairlead::agent
