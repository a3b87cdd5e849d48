// SPDX-License-Identifier: Apache-2.0
// What the generator says of servers that stall, lie, change, are silent or not there; each in a namespace
// without a name, on its loopback. Times are bounds from below only: a slow machine cannot break them.
#include "dataplane/measure/load/load.h"

#include <array>
#include <atomic>
#include <functional>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/io/clock.h"
#include "base/net/socket_address.h"
#include "dataplane/measure/load/message.h"
#include "dataplane/measure/load/responder.h"
#include "dataplane/measure/nets/space.h"
#include "tests/support/must.h"

namespace fairlead::measure {
namespace {

constexpr std::uint16_t kPort = 7000;
constexpr std::uint64_t kMs = 1'000'000;
const IpAddress kHere = IpAddress::v4(0x7f000001);

std::uint64_t failed(const Sample& sample, Failed why) {
  return sample.failed[static_cast<std::size_t>(why)];
}

class Load : public testing::Test {
 protected:
  LoadSpec spec(Workload workload) const {
    LoadSpec made;
    made.workload = workload;
    made.to = kHere;
    made.port = kPort;
    made.flows = 4;
    made.time_ns = 100 * kMs;
    made.patience_ns = 2000 * kMs;
    return made;
  }
  Result<Sample> drive(const LoadSpec& what) { return measure::drive(what, {space_.netns(), {}}, {}); }

  Space space_ = test::must(Space::make());
};

// Datagrams that came, answered as `answer` makes of them; false: not at all.
class Strange {
 public:
  using Answer = std::function<bool(Message& head, std::byte* message)>;
  Strange(const Space& space, Answer answer) : answer_(std::move(answer)) {
    test::must(space.inside([&]() -> Result<> {
      fd_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      const SocketAddress here = socket_address(kHere, kPort);
      const timeval tick{0, 10000};
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
      return ::bind(fd_.get(), here.get(), here.size) == 0 ? Result<>()
                                                           : std::unexpected(os_error(errno, "bind"));
    }));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

 private:
  void run(const std::stop_token& stop) {
    std::array<std::byte, kMostBytes> message{};
    while (!stop.stop_requested()) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t n =
          ::recvfrom(fd_.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      auto head = n > 0 ? decode(message.data()) : std::nullopt;
      if (!head) continue;
      head->server = 1;
      if (!answer_(*head, message.data())) continue;
      encode(*head, message.data());
      ::sendto(fd_.get(), message.data(), static_cast<std::size_t>(n), 0, reinterpret_cast<sockaddr*>(&from),
               size);
    }
  }
  Answer answer_;
  Fd fd_;
  std::jthread thread_;
};

TEST_F(Load, EveryWorkloadIsAnswered) {
  const auto responder = test::must(Responder::start({{space_.netns(), kHere, kPort, 9}}, 2, {}));
  for (const Workload workload :
       {Workload::tcp_rr, Workload::tcp_crr, Workload::tcp_bulk, Workload::udp_rr}) {
    for (const double rate : {0.0, 500.0}) {
      if (workload == Workload::tcp_bulk && rate > 0) continue;
      LoadSpec what = spec(workload);
      what.rate = rate;
      what.workers = 2;
      const Sample sample = test::must(drive(what));
      EXPECT_GT(sample.answered, 0U) << to_string(workload);
      EXPECT_EQ(sample.answered + failed(sample, Failed::unsent), sample.asked) << to_string(workload);
      EXPECT_EQ(sample.flows.size(), 1U);
      EXPECT_TRUE(sample.flows.contains(9));
      if (workload != Workload::tcp_bulk) {
        EXPECT_EQ(sample.latency.count(), sample.asked) << to_string(workload);
      }
      if (rate > 0) {
        EXPECT_EQ(sample.asked, 50U) << to_string(workload);  // 500 a second for a tenth of one
      }
    }
  }
  EXPECT_GT(responder->requests(), 0U);
}

// 1,000 a second are due and the server is silent for 200 ms, then answers at once: all that were due in the
// first half of that waited for 100 ms or more, though only four flows could ask.
TEST_F(Load, AStallIsFeltByAllWhoWouldHaveMetIt) {
  std::atomic<std::uint64_t> first{0};
  const Strange server(space_, [&first](Message&, std::byte*) {
    std::uint64_t none = 0;
    first.compare_exchange_strong(none, mono_ns());
    while (mono_ns() < first + 200 * kMs) std::this_thread::sleep_for(Millis(1));
    return true;
  });
  LoadSpec what = spec(Workload::udp_rr);
  what.rate = 1000;
  what.time_ns = 400 * kMs;
  const Sample open = test::must(drive(what));
  EXPECT_EQ(open.asked, 400U);
  EXPECT_GE(open.latency.quantile(0.76), 95 * kMs);
  first = 0;
  what.rate = 0;
  const Sample closed = test::must(drive(what));
  EXPECT_GE(closed.latency.largest(), 95 * kMs);
}

TEST_F(Load, AnAnswerThatIsNotWhatWasAskedIsCorrupt) {
  const Strange server(space_, [](Message& head, std::byte* message) {
    if (head.sequence % 2 == 0) message[head.length - 1] ^= std::byte{1};
    return true;
  });
  const Sample sample = test::must(drive(spec(Workload::udp_rr)));
  EXPECT_GT(failed(sample, Failed::corrupt), 0U);
  EXPECT_GT(sample.answered, 0U);
  EXPECT_EQ(sample.answered + failed(sample, Failed::corrupt), sample.asked);
}

TEST_F(Load, AFlowThatChangesItsServerHasMoved) {
  const Strange server(space_, [](Message& head, std::byte*) {
    head.server = static_cast<std::uint16_t>(1 + head.sequence % 2);
    return true;
  });
  const Sample sample = test::must(drive(spec(Workload::udp_rr)));
  EXPECT_GT(failed(sample, Failed::moved), 0U);
  EXPECT_EQ(sample.answered + failed(sample, Failed::moved), sample.asked);
}

TEST_F(Load, WhatIsNeverAnsweredIsLostAndInTheLatencies) {
  const Strange server(space_, [](Message&, std::byte*) { return false; });
  LoadSpec what = spec(Workload::udp_rr);
  what.rate = 200;
  what.patience_ns = 50 * kMs;
  const Sample sample = test::must(drive(what));
  EXPECT_EQ(sample.answered, 0U);
  EXPECT_EQ(sample.asked, 20U);
  EXPECT_EQ(failed(sample, Failed::timeout) + failed(sample, Failed::unsent), 20U);
  EXPECT_GT(failed(sample, Failed::timeout), 3U);
  EXPECT_EQ(sample.latency.count(), 20U);
  EXPECT_GE(sample.latency.largest(), 50 * kMs);
}

TEST_F(Load, NobodyThereIsAnErrorOrRefused) {
  const Result<Sample> rr = drive(spec(Workload::tcp_rr));
  ASSERT_FALSE(rr);
  EXPECT_EQ(rr.error().code, Code::unavailable);
  EXPECT_NE(format(rr.error()).find("127.0.0.1:7000: not one flow of tcp-rr"), std::string::npos);
  const Sample crr = test::must(drive(spec(Workload::tcp_crr)));
  EXPECT_EQ(crr.answered, 0U);
  EXPECT_EQ(failed(crr, Failed::refused), crr.asked);
}

TEST_F(Load, AResponderSaysWhatItCannotHave) {
  const auto first = test::must(Responder::start({{space_.netns(), kHere, kPort, 1}}, 1, {}));
  const auto second = Responder::start({{space_.netns(), kHere, kPort, 2}}, 1, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().object, "listen on 127.0.0.1:7000");
}

}  // namespace
}  // namespace fairlead::measure
