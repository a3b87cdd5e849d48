// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/load/load.h"

#include <algorithm>
#include <barrier>
#include <cerrno>
#include <cstdlib>
#include <numeric>
#include <sched.h>
#include <sys/prctl.h>
#include <thread>

#include "base/io/clock.h"
#include "base/io/file.h"
#include "dataplane/measure/load/bulk.h"
#include "dataplane/measure/load/worker.h"

namespace fairlead::measure {
namespace {

// All workers open their flows, then begin at one moment.
struct Start {
  explicit Start(unsigned workers) : all(workers, Moment{&at_ns}) {}
  struct Moment {
    std::uint64_t* at;
    void operator()() noexcept { *at = mono_ns(); }
  };
  std::uint64_t at_ns = 0;
  std::barrier<Moment> all;
};

template <class W>
Result<Sample> work(const LoadSpec& spec, const Place& place, unsigned index, Start* start,
                    const std::stop_token& stop) {
  W worker(spec, index);
  Result<> entered = enter(place, index);
  Result<unsigned> opened = entered ? worker.open() : std::unexpected(entered.error());
  start->all.arrive_and_wait();
  if (!opened) return std::unexpected(std::move(opened).error());
  if (*opened > 0) worker.run(start->at_ns, stop);
  Sample sample = worker.take();
  sample.cpu_ns = thread_time().ran_ns;  // all that the thread did: packets of opening are counted, too
  return sample;
}

Error nobody(const LoadSpec& spec, const Sample& sample) {
  std::string why;
  for (std::size_t i = 0; i < kFailed.size(); ++i)
    if (sample.failed[i] > 0) why += (why.empty() ? ": " : ", ") + std::string(kFailed[i].meaning);
  return {Code::unavailable, format(spec.to) + ":" + std::to_string(spec.port),
          "not one flow of " + std::string(to_string(spec.workload)) + " could be opened" + why,
          "see that something listens there: fairlead bench responder --listen ADDRESS:PORT"};
}

}  // namespace

Result<> enter(const Place& place, unsigned thread) {
  if (place.netns >= 0 && ::setns(place.netns, CLONE_NEWNET) != 0)
    return std::unexpected(os_error(errno, "network namespace", "this needs root"));
  if (!place.cpus.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(place.cpus[thread % place.cpus.size()]), &set);
    if (::sched_setaffinity(0, sizeof set, &set) != 0)
      return std::unexpected(os_error(errno, "CPU affinity"));
  }
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);  // else a due request waits up to 50 us longer
  return {};
}

std::uint64_t Sample::failures() const {
  return std::accumulate(failed.begin(), failed.end(), std::uint64_t{0});
}

void Sample::merge(const Sample& other) {
  time_ns = std::max(time_ns, other.time_ns);
  asked += other.asked;
  answered += other.answered;
  in_time += other.in_time;
  late += other.late;
  for (std::size_t i = 0; i < failed.size(); ++i) failed[i] += other.failed[i];
  latency.merge(other.latency);
  for (const auto& [server, count] : other.flows) flows[server] += count;
  cpu_ns += other.cpu_ns;
  if (other.busy + other.waiting > busy + waiting) {
    busy = other.busy;
    waiting = other.waiting;
  }
}

ThreadTime thread_time() {
  const std::string text = read_file("/proc/thread-self/schedstat", 256).value_or("0 0");
  char* rest = nullptr;
  ThreadTime time;
  time.ran_ns = std::strtoull(text.c_str(), &rest, 10);
  time.waited_ns = std::strtoull(rest, nullptr, 10);
  return time;
}

void account(Sample& sample, const ThreadTime& before, std::uint64_t time_ns) {
  const ThreadTime now = thread_time();
  sample.busy = static_cast<double>(now.ran_ns - before.ran_ns) / static_cast<double>(time_ns);
  sample.waiting = static_cast<double>(now.waited_ns - before.waited_ns) / static_cast<double>(time_ns);
}

Result<Sample> drive(const LoadSpec& asked, const Place& place, std::stop_token stop) {
  LoadSpec spec = asked;
  spec.workers = std::clamp(spec.workers, 1U, std::min(kMostWorkers, std::max(1U, spec.flows)));
  const bool bulk = spec.workload == Workload::tcp_bulk;
  if (bulk) spec.workers = std::min(spec.workers, kMostStreams);
  Start start(spec.workers);
  std::vector<Result<Sample>> done(spec.workers);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < spec.workers; ++i)
    threads.emplace_back([&, i] {
      done[i] = bulk ? work<Bulk>(spec, place, i, &start, stop) : work<Worker>(spec, place, i, &start, stop);
    });
  for (std::thread& thread : threads) thread.join();
  Sample sample;
  for (Result<Sample>& each : done) {
    if (!each) return std::unexpected(std::move(each).error());
    sample.merge(*each);
  }
  if (sample.time_ns == 0) return std::unexpected(nobody(spec, sample));
  return sample;
}

}  // namespace fairlead::measure
