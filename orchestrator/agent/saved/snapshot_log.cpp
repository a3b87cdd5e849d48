// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/saved/snapshot_log.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "base/io/file.h"

namespace fairlead::agent {
namespace {

constexpr std::size_t kMaxFile = 256U << 20;
constexpr std::size_t kMaxTail = 1U << 20;  // or as long as the front

}  // namespace

std::string boot_id() {
  const Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id", 64);
  return text ? text->substr(0, text->find('\n')) : std::string();
}

SnapshotLog::SnapshotLog(std::filesystem::path file, std::string boot)
    : file_(std::move(file)), boot_(std::move(boot)) {}

Result<SavedSnapshot> SnapshotLog::load() const {
  const Result<std::string> bytes = read_file(file_, kMaxFile);
  if (!bytes && bytes.error().code == Code::not_found) return SavedSnapshot{};
  if (!bytes) return std::unexpected(bytes.error());
  return decode_saved_snapshot(*bytes);
}

Millis SnapshotLog::age() const {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file_, error);
  if (error) return Millis{0};
  return std::chrono::duration_cast<Millis>(std::filesystem::file_time_type::clock::now() - written);
}

std::uint64_t SnapshotLog::unsaved() const {
  const std::lock_guard lock(mutex_);
  return unsaved_;
}

void SnapshotLog::begin() {
  const std::lock_guard lock(mutex_);
  whole_ = true;
  open_.clear();
}

void SnapshotLog::add(const proto::WatchEvent& event) {
  const std::lock_guard lock(mutex_);
  open_ += encode_record(event);
}

void SnapshotLog::note(std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  newest_ = std::move(snapshot);
  pending_ += open_;
  open_.clear();
  if (pending_.size() > kMaxTail) whole_ = true;
  if (whole_) pending_.clear();  // the snapshot has them
}

// The lock is not held while the disk works: the loop goes on.
Result<> SnapshotLog::write() {
  std::shared_ptr<const Snapshot> whole;
  std::string pending;
  {
    const std::lock_guard lock(mutex_);
    if (!newest_ || (!whole_ && pending_.empty())) return {};
    if (std::exchange(whole_, false)) whole = newest_;
    pending = std::exchange(pending_, {});
  }
  Result<> written = whole ? write_whole(*whole) : append(pending);
  const std::lock_guard lock(mutex_);
  if (!written) return give_up(), written;
  if (tail_bytes_ <= std::max(kMaxTail, front_bytes_)) return written;
  whole_ = true;
  pending_.clear();
  return written;
}

Result<> SnapshotLog::sync() {
  if (!std::exchange(unsynced_, false) || ::fdatasync(tail_.get()) == 0) return {};
  const Error error = os_error(errno, file_.string(), "check the disk");
  const std::lock_guard lock(mutex_);
  give_up();
  return std::unexpected(error);
}

void SnapshotLog::give_up() {
  ::unlink(file_.c_str());
  ++unsaved_;
  whole_ = true;
  pending_.clear();
}

Result<> SnapshotLog::write_whole(const Snapshot& snapshot) {
  tail_.reset();
  unsynced_ = false;
  const std::string bytes = encode_head(boot_) + encode_whole(snapshot);
  FL_TRY_OK(write_file_atomic(file_, bytes, 0600));
  tail_ = Fd(::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!tail_) return std::unexpected(os_error(errno, file_.string()));
  front_bytes_ = bytes.size();
  tail_bytes_ = 0;
  return {};
}

Result<> SnapshotLog::append(const std::string& records) {
  const ssize_t written = ::write(tail_.get(), records.data(), records.size());
  if (written != static_cast<ssize_t>(records.size()))
    return std::unexpected(os_error(written < 0 ? errno : ENOSPC, file_.string(), "check free space"));
  unsynced_ = true;
  tail_bytes_ += records.size();
  return {};
}

}  // namespace fairlead::agent
