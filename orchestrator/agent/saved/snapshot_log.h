// SPDX-License-Identifier: Apache-2.0
// SnapshotLog: what control said, on disk before it has an effect. The agent
// writes it before each publication of tables, so that no table in the kernel is
// ever newer than what a restarted agent reads here. Writes are as frequent as
// publications and cost one fdatasync; the file is written anew, atomically,
// with a new stream and when its tail has outgrown the snapshot at its front.
//
//   begin -> add* note -> (write | add* note)*       add, note: the loop; write: any one thread
//
// A write that fails removes the file: knowing nothing is safe, knowing old
// things is not. The next write tries the whole snapshot again.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "base/io/fd.h"
#include "orchestrator/agent/saved/saved_snapshot.h"

namespace fairlead::agent {

class SnapshotLog {
 public:
  SnapshotLog(std::filesystem::path file, std::string boot);

  // What an earlier agent left; nothing when there is no file. The first write replaces it.
  Result<SavedSnapshot> load() const;
  Millis age() const;             // of the file; zero when there is none
  std::uint64_t unsaved() const;  // writes that failed

  void begin();                                         // a new stream: its list is not in the file
  void add(const proto::WatchEvent& event);             // of the transaction that note() closes
  void note(std::shared_ptr<const Snapshot> snapshot);  // with it
  Result<> write();                                     // everything noted; then it is on disk

 private:
  Result<> write_whole(const Snapshot& snapshot);
  Result<> append(const std::string& records);

  const std::filesystem::path file_;
  const std::string boot_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> newest_;
  bool whole_ = true;    // the next write is the whole snapshot
  std::string open_;     // events of a transaction that is not closed
  std::string pending_;  // closed since the last write
  std::uint64_t unsaved_ = 0;

  // The writer's own.
  Fd tail_;
  std::size_t front_bytes_ = 0, tail_bytes_ = 0;
};

std::string boot_id();  // of this machine since it started; empty when the kernel does not say

}  // namespace fairlead::agent
