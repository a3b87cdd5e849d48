// SPDX-License-Identifier: Apache-2.0
// Streams that control relays, and agents that behave badly.
#include "control/proto/stream.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <functional>

#include "control/net/stream_client.h"
#include "control_house.h"
#include "fake_agent.h"

namespace fairlead::server {
namespace {

using Saw = std::function<void(const std::string& until_now)>;

// What a user sees of a relayed stream, as one text.
net::Task<std::string> use_stream(
    net::ServerAddress address, std::string target, std::vector<std::string> input,
    Saw saw = [](const std::string&) {}) {
  Result<net::WebSocketPtr> stream = co_await net::connect_stream(address, target, {});
  if (!stream) co_return format(stream.error());
  for (const std::string& bytes : input) {
    const proto::AgentMessage in = proto::StreamData{0, proto::Channel::in, bytes};
    (void)(*stream)->send({proto::encode(in), true});
  }
  std::string seen;
  for (;;) {
    Result<net::Message> message = co_await (*stream)->receive();
    if (!message) co_return seen;
    const proto::ControlMessage got = proto::decode_control_message(message->bytes).value();
    if (const auto* data = std::get_if<proto::StreamData>(&got)) saw(seen += data->bytes);
    if (const auto* close = std::get_if<proto::StreamClose>(&got))
      seen += close->error ? "error " + format(*close->error) : "exit " + std::to_string(close->exit_code);
  }
}

net::Task<std::string> say_to_agent_path(net::ServerAddress address, std::string bytes) {
  Result<net::WebSocketPtr> stream = co_await net::connect_stream(address, "/v1/agent", {});
  (void)stream.value()->send({bytes, true});
  Result<net::Message> message = co_await stream.value()->receive();
  while (message) message = co_await stream.value()->receive();
  co_return message.error().reason;
}

std::string run(net::Task<std::string> task) {
  net::asio::io_context loop(1);
  std::string result;
  net::asio::co_spawn(loop, std::move(task), [&](const std::exception_ptr& failed, std::string got) {
    if (failed) std::rethrow_exception(failed);
    result = std::move(got);
  });
  loop.run();
  return result;
}

class StreamHouse : public ControlHouse {
 protected:
  // A ready pod on n1; its path.
  std::string open_house() {
    start();
    n1_ = std::make_unique<FakeAgent>(address(), "n1");
    EXPECT_TRUE(soon([&] { return list<Node>("nodes").size() == 1; }));
    apply(kWeb);
    EXPECT_TRUE(soon([&] { return ready_pods().size() == 3; }));
    return "/v1/namespaces/default/pods/" + ready_pods().front().meta.name;
  }
  void TearDown() override {
    n1_.reset();
    ControlHouse::TearDown();
  }
  std::unique_ptr<FakeAgent> n1_;
};

TEST_F(StreamHouse, ExecCarriesInputOutputAndTheExitCode) {
  const std::string pod = open_house();
  const std::string target = net::format_target(pod + "/exec", {{"command", R"(["cat","-n"])"}});
  EXPECT_EQ(run(use_stream(address(), target, {"hello ", "world\n", ""})),
            "runs cat -n\nhello world\nexit 7");
  EXPECT_TRUE(soon([&] { return metric("fairlead_relays") == 0; }));
}

TEST_F(StreamHouse, LogsAndDropsAreRelayed) {
  const std::string pod = open_house();
  EXPECT_EQ(run(use_stream(address(), pod + "/logs?tail=2", {})), "one\ntwo\nexit 0");
  EXPECT_EQ(get("/v1/nodes/n1/drops"), "{\"drops\":[]}\n");
}

TEST_F(StreamHouse, AStreamThatCannotBeOpenedSaysWhy) {
  const std::string pod = open_house();
  const std::string command = net::format_target("", {{"command", R"(["ls"])"}});
  EXPECT_NE(run(use_stream(address(), "/v1/namespaces/default/pods/none/exec" + command, {}))
                .find("does not exist"),
            std::string::npos);
  EXPECT_NE(run(use_stream(address(), pod + "/exec", {})).find("error"), std::string::npos);
  EXPECT_NE(run(use_stream(address(), pod + "/logs?tail=x", {})).find("is no number"), std::string::npos);
  n1_.reset();
  ASSERT_TRUE(soon([&] { return metric("fairlead_agents_connected") == 0; }));
  EXPECT_NE(run(use_stream(address(), pod + "/logs", {})).find("its agent is not connected"),
            std::string::npos);
  EXPECT_EQ(error_of(net::Method::get, "/v1/nodes/n1/drops").code, Code::unavailable);
}

TEST_F(StreamHouse, AFollowedStreamEndsWhenItsNodeGoes) {
  const std::string pod = open_house();
  const Saw leave = [&](const std::string& until_now) {
    if (until_now == "one\ntwo\n") n1_->leave();
  };
  const std::string seen = run(use_stream(address(), pod + "/logs?follow=1", {}, leave));
  EXPECT_TRUE(seen.starts_with("one\ntwo\nerror node/n1: its agent is not connected")) << seen;
}

TEST_F(ControlHouse, AnEdgeFollowsWhatItNeedsIsNoNodeAndIsWaitedFor) {
  start();
  FakeAgent n1(address(), "n1");
  AgentHabits habits;
  habits.edge = true;
  habits.acknowledges = false;
  FakeAgent edge(address(), "e1", habits);
  ASSERT_TRUE(soon([&] { return n1.welcomed() && edge.welcomed(); }));
  std::string job = kWeb;
  apply(job.replace(job.find("to: http}"), 9, "to: http, scope: edge}"));
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3; }));
  ASSERT_TRUE(soon([&] { return edge.saw(Kind::ring) && edge.saw(Kind::pod) && edge.saw(Kind::service); }));
  EXPECT_FALSE(edge.saw(Kind::job));
  EXPECT_FALSE(n1.saw(Kind::ring));
  EXPECT_EQ(list<Node>("nodes").size(), 1U);
  EXPECT_EQ(metric("fairlead_agents_connected"), 1);
  EXPECT_EQ(metric("fairlead_edges_connected"), 1);
  ASSERT_TRUE(soon([&] { return list<Ring>("rings").at(0).members.size() == 3; }));
  EXPECT_EQ(n1.acknowledged(), 0U) << "the edge has no tables in place yet";
  edge.acknowledge(true);
  EXPECT_TRUE(soon([&] { return n1.acknowledged() > 0; }));
  edge.leave();
  EXPECT_TRUE(soon([&] { return metric("fairlead_edges_connected") == 0; }));
}

TEST_F(ControlHouse, TheNewestStreamOfANodeCounts) {
  start();
  FakeAgent old(address(), "n1");
  ASSERT_TRUE(soon([&] { return old.welcomed(); }));
  FakeAgent fresh(address(), "n1");
  ASSERT_TRUE(soon([&] { return fresh.welcomed() && old.ended(); }));
  EXPECT_EQ(old.end_reason(), "a newer connection of this node has taken its place");
  EXPECT_EQ(fresh.number(), old.number());
  EXPECT_FALSE(fresh.ended());
  EXPECT_TRUE(soon([&] { return events_of("node/n1").back().starts_with("Replaced "); }));
}

TEST_F(ControlHouse, ANameThatIsHeardIsNotGivenToAnotherMachine) {
  ClusterRules patient = quick();
  patient.silent_after = Millis(60'000);
  start(patient);
  FakeAgent first(address(), "n1");
  ASSERT_TRUE(soon([&] { return first.welcomed(); }));
  const Node before = list<Node>("nodes").front();
  AgentHabits elsewhere;
  elsewhere.address = "192.0.2.222";
  FakeAgent twin(address(), "n1", elsewhere);
  ASSERT_TRUE(soon([&] { return twin.ended(); }));
  EXPECT_FALSE(twin.welcomed());
  EXPECT_EQ(twin.end_reason(), "node/n1: is connected from " + format(before.address) +
                                   ". stop that agent, or give this one another --name");
  EXPECT_FALSE(first.ended());
  EXPECT_EQ(list<Node>("nodes").front(), before);
  EXPECT_EQ(metric("fairlead_agent_refused_total"), 1);
  EXPECT_EQ(metric("fairlead_agent_replaced_total"), 0);
}

TEST_F(ControlHouse, AMachineThatMovedTakesItsNameWhenTheOldAddressIsSilent) {
  start();
  AgentHabits mute;
  mute.heartbeats = false;
  FakeAgent old(address(), "n1", mute);
  ASSERT_TRUE(soon([&] { return old.welcomed(); }));
  AgentHabits elsewhere;
  elsewhere.address = "192.0.2.222";
  std::unique_ptr<FakeAgent> moved;
  ASSERT_TRUE(soon([&] {
    moved = std::make_unique<FakeAgent>(address(), "n1", elsewhere);
    soon([&] { return moved->welcomed() || moved->ended(); });
    return moved->welcomed();
  }));
  EXPECT_TRUE(soon([&] { return old.ended(); }));
  EXPECT_EQ(format(list<Node>("nodes").front().address), "192.0.2.222");
}

TEST_F(ControlHouse, ANodeWithAnImpossibleNameOrATakenAddressIsRefused) {
  start();
  FakeAgent bad(address(), "No/Such n1");
  ASSERT_TRUE(soon([&] { return bad.ended(); }));
  EXPECT_NE(bad.end_reason().find("name"), std::string::npos) << bad.end_reason();
  FakeAgent n1(address(), "n1");
  ASSERT_TRUE(soon([&] { return n1.welcomed(); }));
  FakeAgent twin(address(), "twin-of-n1");  // the fake derives its address from the last character
  ASSERT_TRUE(soon([&] { return twin.ended(); }));
  EXPECT_NE(twin.end_reason().find("has the address of node n1"), std::string::npos) << twin.end_reason();
  EXPECT_EQ(list<Node>("nodes").size(), 1U);
}

TEST_F(ControlHouse, ANodeOfAnotherClusterIsRefusedAndNeverStored) {
  start();
  AgentHabits habits;
  habits.cluster = "lab";
  FakeAgent stray(address(), "n1", habits);
  ASSERT_TRUE(soon([&] { return stray.ended(); }));
  EXPECT_FALSE(stray.welcomed());
  EXPECT_NE(stray.end_reason().find(R"(its cluster is "lab", this one is "default")"), std::string::npos)
      << stray.end_reason();
  EXPECT_TRUE(list<Node>("nodes").empty());
  EXPECT_EQ(metric("fairlead_agent_refused_total"), 1);
  EXPECT_EQ(metric("fairlead_agent_joins_total"), 0);
  habits.edge = true;
  FakeAgent edge(address(), "edge1", habits);
  ASSERT_TRUE(soon([&] { return edge.ended(); }));
  EXPECT_NE(edge.end_reason().find("start fairlead-lb with --cluster default"), std::string::npos)
      << edge.end_reason();
}

TEST_F(ControlHouse, WhatANodeCountsIsReadInTheMetricsAndNotStored) {
  start();
  AgentHabits habits;
  habits.counters.work_refused = 3;
  habits.counters.dns_nxdomain = 41;
  habits.counters.without_backend = 2;
  habits.drops = {{"NO_LINK", 17}, {"SOURCE_GUARD", 1}};
  habits.tables = {{"flows", {1024, 262144, 5}}, {"links", {3, 4096, 0}}};
  {
    FakeAgent n1(address(), "n1", habits);
    FakeAgent n2(address(), "n2");
    ASSERT_TRUE(soon([&] { return metric(R"(fairlead_drops_total{node="n1",reason="NO_LINK"})") == 17; }));
    EXPECT_EQ(metric(R"(fairlead_drops_total{node="n1",reason="SOURCE_GUARD"})"), 1);
    EXPECT_EQ(metric(R"(fairlead_node_work_refused_total{node="n1"})"), 3);
    EXPECT_EQ(metric(R"(fairlead_node_dns_nxdomain_total{node="n1"})"), 41);
    EXPECT_EQ(metric(R"(fairlead_node_service_ports_without_backend{node="n1"})"), 2);
    EXPECT_EQ(metric(R"(fairlead_table_rows{node="n1",table="flows"})"), 1024);
    EXPECT_EQ(metric(R"(fairlead_table_capacity{node="n1",table="flows"})"), 262144);
    EXPECT_EQ(metric(R"(fairlead_table_refused_total{node="n1",table="flows"})"), 5);
    EXPECT_EQ(metric(R"(fairlead_table_rows{node="n1",table="links"})"), 3);
    const proto::TableList tables{{{"n1", "flows", {1024, 262144, 5}}, {"n1", "links", {3, 4096, 0}}}};
    EXPECT_TRUE(proto::table_list_from_json(get("/v1/nodes/n1/tables")).value_or(proto::TableList{}) ==
                tables);
    ASSERT_TRUE(soon([&] { return metric(R"(fairlead_node_work_refused_total{node="n2"})") == 0; }));
    const Revision before = proto::object_list_from_json(get("/v1/nodes"))->revision;
    std::this_thread::sleep_for(Millis(100));  // several heartbeats
    EXPECT_EQ(proto::object_list_from_json(get("/v1/nodes"))->revision, before);
  }
  EXPECT_TRUE(soon([&] { return metric(R"(fairlead_node_work_refused_total{node="n1"})") == -1; }));
  EXPECT_EQ(error_of(net::Method::get, "/v1/nodes/n1/tables").code, Code::unavailable);
}

TEST_F(ControlHouse, AFullTableIsTheNodesEventAndExplained) {
  start();
  AgentHabits habits;
  habits.tables = {{"config", {1, 1, 0}}, {"flows", {95, 100, 5}}, {"links", {3, 4096, 0}}};
  FakeAgent n1(address(), "n1", habits);
  const auto told = [&] {
    return std::ranges::count_if(events_of("node/n1"),
                                 [](const std::string& event) { return event.starts_with("Table"); });
  };
  ASSERT_TRUE(soon([&] { return told() > 0; }));
  EXPECT_TRUE(events_of("node/n1").back().starts_with("TableFilling table flows holds 95 of 100 rows"));
  const auto why = proto::explanation_from_json(get("/v1/explain/node/-/n1")).value();
  EXPECT_EQ(why.state, "ready");
  EXPECT_EQ(why.cause, "table flows holds 95 of 100 rows");
  EXPECT_NE(why.fix, "");
  std::this_thread::sleep_for(Millis(100));  // several heartbeats
  EXPECT_EQ(told(), 1);
}

TEST_F(ControlHouse, ANodeWhoseDiskIsFullGetsNoNewPodsUntilThereIsRoom) {
  start();
  AgentHabits habits;
  habits.disk = "its disk is full (/n1/agent.state: No space left on device)";
  FakeAgent n1(address(), "n1", habits);
  const auto told = [&](const std::string& word) {
    return std::ranges::count_if(events_of("node/n1"),
                                 [&](const std::string& event) { return event.starts_with(word + " "); });
  };
  const auto explained = [&](const std::string& what) {
    return proto::explanation_from_json(get("/v1/explain/" + what)).value();
  };
  ASSERT_TRUE(soon([&] { return told("DiskFull") == 1; }));
  EXPECT_EQ(explained("node/-/n1").cause, habits.disk);
  EXPECT_NE(explained("node/-/n1").fix.find("make room"), std::string::npos);
  apply(kWeb);
  const auto missing = explained("job/default/web").evidence;
  EXPECT_EQ(std::ranges::count(missing, "n1: " + habits.disk), 1);
  EXPECT_TRUE(list<Pod>("pods").empty());

  FakeAgent n2(address(), "n2");
  ASSERT_TRUE(soon([&] { return list<Pod>("pods").size() == 3; }));
  for (const Pod& pod : list<Pod>("pods")) EXPECT_EQ(pod.node, "n2");

  n1.set_disk("");
  ASSERT_TRUE(soon([&] { return told("DiskHasRoom") == 1; }));
  EXPECT_EQ(told("DiskFull"), 1) << "each is told once";
  EXPECT_EQ(explained("node/-/n1").cause, "");
}

TEST_F(StreamHouse, ARefusedStreamIsCounted) {
  open_house();
  (void)call(net::Method::get, "/v1/nodes/n1/drops");
  EXPECT_EQ(metric("fairlead_relays_total"), 1);
  EXPECT_EQ(metric("fairlead_relays_refused_total"), 0);
  n1_->leave();
  ASSERT_TRUE(soon([&] { return metric("fairlead_agents_connected") == 0; }));
  EXPECT_EQ(call(net::Method::get, "/v1/nodes/n1/drops").status, 503);
  EXPECT_EQ(metric("fairlead_relays_refused_total"), 1);
}

TEST_F(ControlHouse, AnAgentThatTalksNonsenseIsToldAndClosed) {
  start();
  EXPECT_NE(run(say_to_agent_path(address(), "nonsense")), "");
  const std::string beat = proto::encode(proto::AgentMessage(proto::Heartbeat{}));
  EXPECT_NE(run(say_to_agent_path(address(), beat)).find("the first message is not Join"), std::string::npos);
  EXPECT_TRUE(list<Node>("nodes").empty());
  EXPECT_EQ(metric("fairlead_agent_malformed_total"), 2);
}

}  // namespace
}  // namespace fairlead::server
