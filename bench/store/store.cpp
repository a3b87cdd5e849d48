// SPDX-License-Identifier: Apache-2.0
// bench_store: how many transactions a second does the store make durable, and
// how long after a client's write does a watch have it? Clients have one write
// under way each. Baseline: SQLite as one would use it first, one row in one
// transaction, WAL, synchronous=FULL, in the same folder by turns with ours.
#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/support/run.h"
#include "control/store/sqlite_store.h"
#include "tests/support/scratch.h"

namespace fairlead::bench {
namespace {

constexpr std::size_t kValueBytes = 1024;

// The owner's loop: sleeps until the store has something to tell.
class Ours {
 public:
  explicit Ours(const Scratch& folder) {
    auto opened = store::open_sqlite_store(folder / "store.db");
    if (!opened) throw std::runtime_error(format(opened.error()));
    store_ = std::move(*opened);
    store_->on_ready([this] {
      const std::lock_guard lock(mutex_);
      ready_ = true;
      news_.notify_one();
    });
    watch_ = store_->watch("", store_->revision(), [this] { heard(); }).value();
  }
  ~Ours() { store_->on_ready({}); }
  Ours(const Ours&) = delete;
  Ours& operator=(const Ours&) = delete;

  // Transactions per second.
  double run(std::size_t clients, std::size_t writes) {
    started_ = told_ = 0;
    writes_ = writes;
    begun_.assign(writes, 0);
    latencies_us_.clear();
    const std::uint64_t before = store_->revision().value;
    const double from = wall_ns();
    for (std::size_t i = 0; i < clients; ++i) begin();
    while (told_ < writes_) wait();
    const double seconds = (wall_ns() - from) / 1e9;
    if (store_->revision().value != before + writes || latencies_us_.size() != writes)
      throw std::runtime_error("not every write was made, or not every one was heard");
    return static_cast<double>(writes) / seconds;
  }

  // Of the last run, from the call of a client to the event at a watch.
  double latency_us(double quantile) {
    std::ranges::sort(latencies_us_);
    const auto last = static_cast<double>(latencies_us_.size() - 1);
    return latencies_us_.at(static_cast<std::size_t>(quantile * last));
  }

 private:
  void begin() {
    if (started_ == writes_) return;
    begun_[started_++] = wall_ns();
    const std::string key = "key" + std::to_string(started_ % 500);
    const auto taken = store_->submit({{}, {store::put(key, std::string(kValueBytes, 'x'))}, {}},
                                      [this](const Result<store::TxnOutcome>& outcome) {
                                        if (!outcome) throw std::runtime_error(format(outcome.error()));
                                        ++told_;
                                        begin();
                                      });
    if (!taken) throw std::runtime_error(format(taken.error()));
  }

  void wait() {
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [this] { return ready_; });
      ready_ = false;
    }
    store_->deliver();
  }

  void heard() {
    for (;;) {
      const auto batch = watch_->next();
      if (!batch || !*batch) return;
      latencies_us_.push_back((wall_ns() - begun_.at(latencies_us_.size())) / 1e3);
    }
  }

  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Watch> watch_;
  std::mutex mutex_;
  std::condition_variable news_;
  bool ready_ = false;
  std::size_t writes_ = 0, started_ = 0, told_ = 0;
  std::vector<double> begun_;  // revisions come in the order in which they were submitted
  std::vector<double> latencies_us_;
};

class PlainSqlite {
 public:
  explicit PlainSqlite(const Scratch& folder) {
    if (sqlite3_open((folder / "plain.db").c_str(), &db_) != SQLITE_OK)
      throw std::runtime_error("sqlite3_open");
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(key TEXT PRIMARY KEY, value BLOB)");
    const char* sql = "REPLACE INTO t(key, value) VALUES(?, ?)";
    if (sqlite3_prepare_v2(db_, sql, -1, &put_, nullptr) != SQLITE_OK)
      throw std::runtime_error("sqlite3_prepare");
  }
  ~PlainSqlite() {
    sqlite3_finalize(put_);
    sqlite3_close(db_);
  }
  PlainSqlite(const PlainSqlite&) = delete;
  PlainSqlite& operator=(const PlainSqlite&) = delete;

  double run(std::size_t writes) {
    const std::string value(kValueBytes, 'x');
    const double from = wall_ns();
    for (std::size_t i = 0; i < writes; ++i) {
      const std::string key = "key" + std::to_string(i % 500);
      sqlite3_bind_text(put_, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
      sqlite3_bind_blob(put_, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
      if (sqlite3_step(put_) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(db_));
      sqlite3_reset(put_);
    }
    return static_cast<double>(writes) / ((wall_ns() - from) / 1e9);
  }

 private:
  void run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_));
  }
  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
};

void measure(Bench& bench) {
  const Scratch folder(Scratch::Place::disk);
  Ours ours(folder);
  PlainSqlite plain(folder);
  for (const std::size_t clients : {std::size_t{1}, std::size_t{64}}) {
    const std::string keys = "clients=" + std::to_string(clients);
    const std::size_t writes =
        bench.choose<std::size_t>(clients == 1 ? 1000 : 16'000, clients == 1 ? 200 : 4000);
    const std::size_t plain_writes = bench.choose<std::size_t>(1000, 200);
    std::vector<double> p50, p99;
    const auto sample = [&] {
      const double rate = ours.run(clients, writes);
      p50.push_back(ours.latency_us(0.50));
      p99.push_back(ours.latency_us(0.99));
      return rate;
    };
    const Pairs pairs = bench.pairs("tps " + keys, sample, [&] { return plain.run(plain_writes); });
    bench.report().add("tps", keys, paired(pairs));
    bench.report().add("watch_p50", keys, beside(pairs, p50));
    bench.report().add("watch_p99", keys, beside(pairs, p99));
  }
  bench.report().note(
      "values of 1 KiB under 500 keys; a transaction counts when its client has been told that it is on the "
      "disk");
  bench.report().note(
      "plain SQLite has one client in every row: tps/clients=64 sets 64 clients, whose writes share an "
      "fsync, "
      "beside one whose writes do not");
  bench.report().note(
      "watch_p50 and watch_p99: from a client's call to the event at a watch, with the write's fsync in it");
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  return fairlead::bench::run_bench("store", argc, argv, fairlead::bench::measure);
}
