// SPDX-License-Identifier: Apache-2.0
// ControlLink against a control that this test plays, over the real stream on
// a Unix socket: a welcome that the node refuses ends the stream, no heartbeat
// keeps the node alive meanwhile, and the agent comes back.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "control/follower/control_link.h"
#include "control/net/router.h"
#include "control/net/server.h"
#include "tests/support/scratch.h"

namespace fairlead::follower {
namespace {

Result<> anybody(const net::Principal&, std::string_view, std::string_view) { return {}; }

struct PlayedControl {
  std::vector<std::string> streams;  // what came on each, a letter for each message
  std::string clusters;              // named by the Joins
  proto::Heartbeat last;
  boost::asio::io_context* loop = nullptr;
  bool closes = false;  // after each welcome

  void take(const proto::AgentMessage& message) {
    if (const auto* join = std::get_if<proto::Join>(&message)) {
      streams.back() += 'J';
      clusters += join->cluster_id + std::to_string(join->uplink_mtu) + ";";
    }
    if (const auto* beat = std::get_if<proto::Heartbeat>(&message)) {
      streams.back() += 'H';
      last = *beat;
      loop->stop();  // the test's goal
    }
  }
};

net::Task<> play(PlayedControl* control, net::Request, net::WebSocketPtr stream) {
  control->streams.emplace_back();
  const std::size_t mine = control->streams.size();
  (void)stream->send(
      {proto::encode(proto::ControlMessage(proto::Welcome{1, "c1", 0, {}, Millis(100)})), true});
  if (control->closes) {
    stream->close("another has its place");
    co_return;
  }
  for (;;) {
    Result<net::Message> message = co_await stream->receive();
    if (!message) co_return;
    if (control->streams.size() == mine) control->take(proto::decode_agent_message(message->bytes).value());
  }
}

class LinkTest : public testing::Test {
 protected:
  void SetUp() override {
    control_.loop = &loop_;
    router_.on_stream(kAgentStreamPath, "join", [&](net::Request request, net::WebSocketPtr stream) {
      return play(&control_, std::move(request), std::move(stream));
    });
    options_.socket = folder_ / "control.sock";
    auto server = net::Server::open(loop_.get_executor(), options_, router_);
    ASSERT_TRUE(server) << format(server.error());
    server_ = std::move(*server);
    server_->start();
    join_.name = "n1";
    join_.cluster_id = "c1";
    hooks_.join = [](proto::Join& again) { ++again.uplink_mtu; };
    hooks_.welcome = [](const proto::Welcome&) -> Result<> { return {}; };
    hooks_.joined = [] {};
    hooks_.message = [](const proto::ControlMessage&) {};
    hooks_.lost = [] {};
    hooks_.count = [](proto::Heartbeat& beat) { beat.drops["NO_LINK"] = 7; };
  }

  void TearDown() override {
    tasks_.cancel();
    if (server_) boost::asio::co_spawn(loop_, server_->stop(), boost::asio::detached);
    loop_.restart();
    loop_.run_for(std::chrono::seconds(5));
  }

  void run_for(Millis time) {
    link_ = std::make_unique<ControlLink>(*net::ServerAddress::parse(options_.socket), join_, 1, hooks_);
    tasks_.spawn("run", link_->run());
    tasks_.spawn("beat", link_->beat());
    loop_.run_for(time);
  }

  int welcomes_ = 0, joined_ = 0, lost_ = 0;
  const Scratch folder_;
  boost::asio::io_context loop_{1};
  PlayedControl control_;
  net::Router router_{anybody};
  net::ServerOptions options_;
  std::unique_ptr<net::Server> server_;
  proto::Join join_;
  ControlLink::Hooks hooks_;
  std::unique_ptr<ControlLink> link_;
  net::TaskGroup tasks_{loop_.get_executor()};
};

TEST_F(LinkTest, ARefusedWelcomeEndsTheStreamWithoutAHeartbeatAndIsTriedAgain) {
  hooks_.welcome = [this](const proto::Welcome&) -> Result<> {
    if (++welcomes_ <= 2) return fail(Code::unsupported, "node", "cannot be set up", "mend it");
    return {};
  };
  hooks_.joined = [this] { ++joined_; };
  hooks_.lost = [this] { ++lost_; };
  run_for(Millis(20'000));

  EXPECT_EQ(control_.streams, (std::vector<std::string>{"J", "J", "JH"}));
  EXPECT_EQ(control_.clusters, "c11;c12;c13;") << "each join says what is so now";
  EXPECT_EQ(control_.last.drops.at("NO_LINK"), 7U);
  EXPECT_EQ(welcomes_, 3);
  EXPECT_EQ(joined_, 1);
  EXPECT_EQ(lost_, 2);
  EXPECT_TRUE(link_->connected());
}

// Two agents that took one name from each other by turns came back eight times a second.
TEST_F(LinkTest, AWelcomeThatDoesNotLastDoesNotShortenThePause) {
  control_.closes = true;
  run_for(Millis(2000));
  EXPECT_GE(control_.streams.size(), 2U);
  EXPECT_LE(control_.streams.size(), 7U) << "pauses of at least 50, 100, 200, 400, 800 and 1600 ms";
}

// A thousand nodes that lost control at the same time: never all at once, never longer than five seconds.
TEST(ReconnectPause, GrowsIsBoundedAndSpreadsNodes) {
  for (std::uint32_t failures = 1; failures < 100; ++failures) {
    const std::int64_t whole = failures < 7 ? 100LL << (failures - 1) : 5000;
    std::int64_t least = whole, most = 0;
    for (std::uint64_t node = 0; node < 1000; ++node) {
      const std::int64_t pause = reconnect_pause(failures, mix64(node)).count();
      least = std::min(least, pause);
      most = std::max(most, pause);
    }
    EXPECT_GE(least, whole / 2) << failures;
    EXPECT_LE(most, whole) << failures;
    EXPECT_GT(most - least, whole * 2 / 5) << failures << " failures, and all come back together";
  }
}

}  // namespace
}  // namespace fairlead::follower
