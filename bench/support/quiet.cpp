// SPDX-License-Identifier: Apache-2.0
#include "bench/support/quiet.h"

#include <array>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/file.h>
#include <thread>

namespace fairlead::bench {
namespace {

constexpr const char* kLock = "/run/lock/fairlead-bench.lock";
constexpr double kBusy = 0.1;

struct Ticks {
  double total = 0, busy = 0, stolen = 0;
};

// The first line of /proc/stat: user nice system idle iowait irq softirq steal ...
Ticks ticks() {
  std::ifstream stat("/proc/stat");
  std::string cpu;
  stat >> cpu;
  std::array<double, 8> fields{};
  for (double& field : fields)
    if (!(stat >> field)) throw std::runtime_error("/proc/stat: unexpected form");
  Ticks now;
  for (const double field : fields) now.total += field;
  now.busy = now.total - fields[3] - fields[4];
  now.stolen = fields[7];
  return now;
}

}  // namespace

Fd only_benchmark() {
  Fd lock(::open(kLock, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!lock) throw std::runtime_error(std::string(kLock) + ": cannot be opened");
  for (int tries = 0; ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (tries == 600)
      throw std::runtime_error(std::string(kLock) + ": another benchmark has run for ten minutes");
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  return lock;
}

bool machine_rests() {
  const Ticks before = ticks();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const Ticks after = ticks();
  return after.busy - before.busy <= kBusy * (after.total - before.total);
}

double stolen_since_last() {
  static Ticks last;
  const Ticks now = ticks();
  const double passed = now.total - last.total;
  const double share = passed > 0 ? (now.stolen - last.stolen) / passed : 0;
  last = now;
  return share;
}

}  // namespace fairlead::bench
