// SPDX-License-Identifier: Apache-2.0
// SnapshotLog: what control said, in its file before it has an effect. The agent
// writes it before each publication of tables, so that no table in the kernel is
// ever newer than what a restarted agent reads here; and syncs it before it
// acknowledges them, so that a rebooted node knows what it has acknowledged. (A
// power loss takes the kernel's tables along: they need not wait for the disk.) The
// file is written anew, atomically, with a new stream and when its tail has
// outgrown the snapshot at its front.
//
//   begin -> add* note -> (write sync | add* note)*   add, note: the loop; write, sync: any one thread
//
// What fails removes the file: knowing nothing is safe, knowing old things is
// not. The next write tries the whole snapshot again.
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
  std::uint64_t unsaved() const;  // writes and syncs that failed

  void begin();                                         // a new stream: its list is not in the file
  void add(const proto::WatchEvent& event);             // of the transaction that note() closes
  void note(std::shared_ptr<const Snapshot> snapshot);  // with it
  Result<> write();  // everything noted; then a killed agent's next reads it
  Result<> sync();   // what is written; then it survives a power loss

 private:
  Result<> write_whole(const Snapshot& snapshot);
  Result<> append(const std::string& records);
  void give_up();  // under the lock

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
  bool unsynced_ = false;
};

std::string boot_id();  // of this machine since it started; empty when the kernel does not say

}  // namespace fairlead::agent
