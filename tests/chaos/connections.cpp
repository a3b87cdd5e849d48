// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <thread>

#include "deploy/images/hello/fetch.h"
#include "tests/chaos/threads.h"

namespace fairlead::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kThreads = 24;
constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::seconds kMostBehind{1};  // what is due longer is not begun, but counted

// Connections through the VIPs and straight to the pods by turns.
hello::Target target_of(const Options& options, std::uint64_t turn) {
  const bool vip = turn % 2 == 0;
  const std::vector<IpAddress>& of = vip ? options.vips : options.pods;
  hello::Target target;
  target.host = format(of[turn / 2 % of.size()]);
  target.port = vip ? 80 : 8080;
  return target;
}

void connect_once(const Options& options, Tally& tally, std::uint64_t turn) {
  const hello::Target target = target_of(options, turn);
  hello::Client client(target, kPatience, false);
  const Result<hello::Fetched> answer = client.get();
  if (answer && answer->status == 200) {
    ++tally.connections;
    return;
  }
  ++tally.failed;
  tally.blame("connection to " + target.host + ": " +
              (answer ? "status " + std::to_string(answer->status) : answer.error().reason));
}

}  // namespace

void make_connections(const Options& options, Tally& tally, const std::stop_token& stop) {
  if (options.rate == 0) return;
  const std::chrono::nanoseconds every(1'000'000'000 / options.rate);
  const auto began = Clock::now();
  std::atomic<std::uint64_t> next{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      while (!stop.stop_requested()) {
        const std::uint64_t turn = next++;
        const auto due = began + every * turn;
        if (Clock::now() > due + kMostBehind) {
          ++tally.shed;
          continue;
        }
        std::this_thread::sleep_until(due);
        connect_once(options, tally, turn);
      }
    });
}

}  // namespace fairlead::chaos
