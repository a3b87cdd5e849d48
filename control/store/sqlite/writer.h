// SPDX-License-Identifier: Apache-2.0
// Writer: the one thread of a store that waits for the disk. It takes what is
// queued, at most kBatchEntries or kBatchBytes at once, and makes it durable
// with one fsync; while that runs, the next batch gathers. It knows no
// transactions and nobody's callbacks: the owner reads progress().
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "control/store/embedded/write_queue.h"
#include "control/store/sqlite/journal.h"

namespace fairlead::store {

inline constexpr std::size_t kBatchEntries = 256;
inline constexpr std::size_t kGathered = 16;          // entries do not wait for more
inline constexpr std::size_t kBatchBytes = 3U << 19;  // 1.5 MiB of records, and at least one record

class Writer final : public WriteQueue {
 public:
  explicit Writer(std::unique_ptr<SqliteJournal> journal);
  ~Writer() override;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void push(JournalEntry entry, Revision fold) override;
  void gather(bool more) override;
  void nudge(Revision fold) override;
  Progress progress() const override;
  void wait_for_news(const Progress& known) override;
  void restart() override;
  void on_ready(std::function<void()> signal) override;

 private:
  void run();
  bool idle() const { return queue_.empty() && !nudged_ && !busy_; }
  bool due() const;
  std::vector<JournalEntry> take_batch();
  void note(Result<> written, Revision newest, Revision fold);

  const std::unique_ptr<SqliteJournal> journal_;  // the thread's
  mutable std::mutex mutex_;                      // of all below
  std::condition_variable work_, news_;
  std::function<void()> signal_;
  std::deque<JournalEntry> queue_;
  Revision fold_;
  bool nudged_ = false;
  bool gathering_ = false;
  bool busy_ = false;
  bool stopping_ = false;
  Progress progress_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace fairlead::store
