// SPDX-License-Identifier: Apache-2.0
// A disk that loses power: SQLite's file layer (VFS) in memory. What is
// written counts as safe only when it has been synced; at a power cut each
// write since then survives whole, in part (any set of its 512-byte sectors)
// or not at all, independently of those before it, so torn and reordered
// writes are the normal case. Only writes and truncations can be lost: a file
// that was made or removed is so at once. The layer has SQLite's files alone;
// what the store keeps beside them (`-mark`, `-reserve`) lies on the real disk, and
// a test that wants it old, cut short or gone does that itself.
//
//   Power power;  power.cut_after(n);  ... store works, from operation n on
//   every write and sync fails ...  power.lose(seed)  -> the files as found
//
// The first Power makes it SQLite's default layer, for the rest of the process.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace fairlead::store::test {

class Power {
 public:
  Power();
  ~Power();
  Power(const Power&) = delete;
  Power& operator=(const Power&) = delete;

  static constexpr std::uint64_t kNever = UINT64_MAX;
  void cut_after(std::uint64_t operations);  // counted from now: writes, truncations, syncs
  std::uint64_t operations() const;          // since the last cut_after() or lose()
  bool is_off() const;

  // After the cut: what a disk may hold. Power is on again.
  void lose(std::uint64_t seed);
  // As a process dies: everything that was written is there.
  void keep();

  std::string bytes(const std::string& file) const;  // ends of paths: "-wal"
  void flip(const std::string& file, std::size_t at);

  // While held, syncs wait. waiting(): returns when one does.
  void hold_syncs();
  void release_syncs();
  void wait_for_sync();

  // What the file layer calls.
  struct Change {
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  // to offset
  };
  struct File {
    std::string now;
    std::string safe;
    std::vector<Change> unsynced;
  };
  bool write(const std::string& path, Change change);  // false: no power
  bool sync(const std::string& path);
  std::string read(const std::string& path, std::uint64_t offset, std::size_t size);
  std::uint64_t size(const std::string& path);
  bool exists(const std::string& path);
  void create(const std::string& path);
  bool remove(const std::string& path);

 private:
  bool spend();  // one operation; false: no power
  static void apply(std::string& content, const Change& change);
  static void tear(std::string& content, const Change& change, std::mt19937_64& random);
  const File* ending_with(const std::string& end) const;

  mutable std::mutex mutex_;
  std::condition_variable gate_;
  std::map<std::string, File> files_;
  std::uint64_t spent_ = 0;
  std::uint64_t limit_ = kNever;
  bool off_ = false;
  bool held_ = false;
  int waiting_ = 0;
};

}  // namespace fairlead::store::test
