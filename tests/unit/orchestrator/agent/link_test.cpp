// SPDX-License-Identifier: Apache-2.0
// ControlLink against a control that this test plays, over the real stream on
// a Unix socket: a welcome that the node refuses ends the stream, no heartbeat
// keeps the node alive meanwhile, and the agent comes back.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "control/net/router.h"
#include "control/net/server.h"
#include "orchestrator/agent/stream/control_link.h"
#include "tests/support/scratch.h"

namespace fairlead::agent {
namespace {

Result<> anybody(const net::Principal&, std::string_view, std::string_view) { return {}; }

struct PlayedControl {
  std::vector<std::string> streams;  // what came on each, a letter for each message
  std::string clusters;              // named by the Joins
  proto::Heartbeat last;
  boost::asio::io_context* loop = nullptr;

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
  for (;;) {
    Result<net::Message> message = co_await stream->receive();
    if (!message) co_return;
    if (control->streams.size() == mine) control->take(proto::decode_agent_message(message->bytes).value());
  }
}

TEST(ControlLink, ARefusedWelcomeEndsTheStreamWithoutAHeartbeatAndIsTriedAgain) {
  const Scratch folder;
  boost::asio::io_context loop(1);
  PlayedControl control;
  control.loop = &loop;
  net::Router router(anybody);
  router.on_stream(kAgentStreamPath, "join", [&](net::Request request, net::WebSocketPtr stream) {
    return play(&control, std::move(request), std::move(stream));
  });
  net::ServerOptions options;
  options.socket = folder / "control.sock";
  auto server = net::Server::open(loop.get_executor(), options, router);
  ASSERT_TRUE(server) << format(server.error());
  (*server)->start();

  int welcomes = 0, joined = 0, lost = 0;
  proto::Join join;
  join.name = "n1";
  join.cluster_id = "c1";
  ControlLink::Hooks hooks;
  hooks.join = [](proto::Join& again) { ++again.uplink_mtu; };
  hooks.welcome = [&](const proto::Welcome&) -> Result<> {
    if (++welcomes <= 2) return fail(Code::unsupported, "node", "cannot be set up", "mend it");
    return {};
  };
  hooks.joined = [&] { ++joined; };
  hooks.message = [](const proto::ControlMessage&) {};
  hooks.lost = [&] { ++lost; };
  hooks.count = [](proto::Heartbeat& beat) { beat.drops["NO_LINK"] = 7; };
  ControlLink link(*net::ServerAddress::parse(options.socket), join, 1, hooks);
  net::TaskGroup tasks(loop.get_executor());
  tasks.spawn("run", link.run());
  tasks.spawn("beat", link.beat());
  loop.run_for(std::chrono::seconds(20));

  EXPECT_EQ(control.streams, (std::vector<std::string>{"J", "J", "JH"}));
  EXPECT_EQ(control.clusters, "c11;c12;c13;") << "each join says what is so now";
  EXPECT_EQ(control.last.drops.at("NO_LINK"), 7U);
  EXPECT_EQ(welcomes, 3);
  EXPECT_EQ(joined, 1);
  EXPECT_EQ(lost, 2);
  EXPECT_TRUE(link.connected());
  tasks.cancel();
  boost::asio::co_spawn(loop, (*server)->stop(), boost::asio::detached);
  loop.restart();
  loop.run_for(std::chrono::seconds(5));
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
}  // namespace fairlead::agent
