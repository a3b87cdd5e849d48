// SPDX-License-Identifier: Apache-2.0
#include "control/store/sqlite/writer.h"

#include <algorithm>
#include <utility>

namespace fairlead::store {

Writer::Writer(std::unique_ptr<SqliteJournal> journal)
    : journal_(std::move(journal)), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void Writer::push(JournalEntry entry, Revision fold) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(entry));
    fold_ = std::max(fold_, fold);
  }
  work_.notify_one();
}

void Writer::gather(bool more) {
  {
    const std::lock_guard lock(mutex_);
    gathering_ = more;
  }
  work_.notify_one();
}

void Writer::nudge(Revision fold) {
  {
    const std::lock_guard lock(mutex_);
    nudged_ = true;
    fold_ = std::max(fold_, fold);
  }
  work_.notify_one();
}

Writer::Progress Writer::progress() const {
  const std::lock_guard lock(mutex_);
  Progress now = progress_;
  now.idle = idle();
  return now;
}

void Writer::wait_for_news(const Progress& known) {
  std::unique_lock lock(mutex_);
  gathering_ = false;  // who waits submits nothing
  work_.notify_one();
  news_.wait(lock, [&] { return idle() || progress_.failure || progress_.rounds != known.rounds; });
}

void Writer::restart() {
  const std::lock_guard lock(mutex_);
  queue_.clear();
  nudged_ = false;
  fold_ = Revision{};
  progress_.failure.reset();
}

void Writer::on_ready(std::function<void()> signal) {
  const std::lock_guard lock(mutex_);
  signal_ = std::move(signal);
}

bool Writer::due() const {
  if (progress_.failure) return false;
  return nudged_ || queue_.size() > (gathering_ ? kGathered : 0);
}

std::vector<JournalEntry> Writer::take_batch() {
  std::vector<JournalEntry> batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < kBatchEntries) {
    bytes += queue_.front().record.size();
    if (bytes > kBatchBytes && !batch.empty()) break;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return stopping_ || due(); });
    if (stopping_) return;
    const std::vector<JournalEntry> batch = take_batch();
    const Revision newest = batch.empty() ? progress_.durable : batch.back().revision;
    const Revision fold = fold_;
    nudged_ = false;
    busy_ = true;
    lock.unlock();
    Result<> written = journal_->append(batch, fold);
    lock.lock();
    note(std::move(written), newest, fold);
  }
}

void Writer::note(Result<> written, Revision newest, Revision fold) {
  busy_ = false;
  if (written) {
    ++progress_.rounds;
    if (progress_.durable < newest) ++progress_.batches;
    progress_.durable = newest;
    progress_.folded = std::max(progress_.folded, fold);
  } else {
    progress_.failure = std::move(written).error();
  }
  news_.notify_all();
  if (signal_) signal_();
}

}  // namespace fairlead::store
