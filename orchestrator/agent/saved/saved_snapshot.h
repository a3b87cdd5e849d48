// SPDX-License-Identifier: Apache-2.0
// The cluster's objects as an agent keeps them on disk, so that it knows names
// and tables before control answers: a log of the events of its stream. Pure.
//
//   head     "fairlead objects 1\n", the machine's boot id, "\n"
//   record*  length, checksum, frame (frames.h)
//
// A whole snapshot begins the file (a put for every object, then `synced`);
// what control said since follows, a bookmark after each transaction. Only whole
// transactions count. A file whose last record is cut is what a killed writer
// leaves: that record was never acted on. Any other damage is Code::corrupt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/catalog/snapshot.h"
#include "control/proto/stream.h"

namespace fairlead::agent {

struct SavedSnapshot {
  std::string boot;                       // of the machine when it was written
  std::vector<proto::WatchEvent> events;  // up to the last whole transaction; none: nothing is known
  bool operator==(const SavedSnapshot&) const = default;
};

std::string encode_head(std::string_view boot);
std::string encode_record(const proto::WatchEvent& event);
std::string encode_whole(const Snapshot& snapshot);

Result<SavedSnapshot> decode_saved_snapshot(std::string_view bytes);

}  // namespace fairlead::agent
