// SPDX-License-Identifier: Apache-2.0
#include "control/proto/stream.h"

#include <gtest/gtest.h>
#include <random>

#include "tests/support/random_objects.h"

namespace fairlead::proto {
namespace {

std::vector<AgentMessage> agent_messages() {
  Join join{"n1",    IpAddress::v4(0x0A000001), 2000,  4ULL << 30, 110, "6.18.44",
            "0.1.0", {{"disk", "ssd"}},         "lab", 9000};
  Heartbeat counts{Revision(78), {}, {{"NO_LINK", 17}, {"SOURCE_GUARD", UINT64_MAX}}};
  counts.tables = {{"endpoints", {3, 262144, 0, true}}, {"flows", {UINT64_MAX, 0, 17}}};
  counts.refusal = "table links: is full";
  counts.disk = "its disk is full";
  counts.probes = EdgeProbes{{IpAddress::v4(0x0AF40001)}, {IpAddress::parse("fd00:244::1").value()}};
  Heartbeat well;
  well.probes = EdgeProbes{};
  std::uint64_t value = 0;
  for (const NodeCounter& counter : kNodeCounters) counts.counters.*counter.value = ++value;
  PodStatus failed{PodPhase::failed, 3, "exit 1", 1, WallTime(Millis(5)), WallTime(Millis(9))};
  return {join,
          Heartbeat{Revision(77), {}, {}},
          counts,
          well,
          PodReport{"shop", "web-1", "u1", failed},
          PodReport{"shop", "web-2", "u2", PodStatus{}},
          PodReport{"shop",
                    "web-3",
                    "u3",
                    failed,
                    {{WallTime(Millis(7)), false, "Started", ""},
                     {WallTime(Millis(8)), true, "Exited", "with code 1: \u00e9"}}},
          StreamData{9, Channel::err, std::string("\0\xFF\n", 3)},
          StreamClose{9, 137, std::nullopt},
          StreamClose{9, -1, Error{Code::not_found, "pod/web-1", "is gone", "List pods"}}};
}

std::vector<ControlMessage> control_messages() {
  tests::RandomObjects random(1);
  return {Welcome{3,
                  "c1a2",
                  0xFEDCBA9876543210,
                  {{default_network(), IpAddress::v4(0x0AF40001), IpAddress::parse("fd00:244::1").value()},
                   {random.network(), IpAddress::v4(0x0AF50001), {}}},
                  Millis(500)},
          WatchEvent{WatchEvent::Type::put, Revision(5), random.any()},
          WatchEvent{WatchEvent::Type::remove, Revision(6), Object(random.pod())},
          WatchEvent{WatchEvent::Type::bookmark, Revision(7), std::nullopt},
          WatchEvent{WatchEvent::Type::synced, Revision(7), std::nullopt},
          Acknowledged{Revision(1ULL << 40), 3},
          StreamOpen{1, StreamOpen::Kind::exec, "shop", "web-1", "u1", "", {"sh", "-c", "id"}, {}, false},
          StreamOpen{2, StreamOpen::Kind::logs, "shop", "web-1", "u1", "web", {}, 20, true},
          StreamOpen{3, StreamOpen::Kind::logs, "shop", "web-1", "u1", "web", {}, 0, true},
          StreamData{1, Channel::in, ""},
          StreamClose{2, 0, std::nullopt}};
}

TEST(Stream, EveryMessageComesBack) {
  for (const AgentMessage& message : agent_messages()) {
    const auto back = decode_agent_message(encode(message));
    ASSERT_TRUE(back.has_value()) << message.index() << " " << format(back.error());
    EXPECT_TRUE(*back == message) << message.index();
  }
  for (const ControlMessage& message : control_messages()) {
    const auto back = decode_control_message(encode(message));
    ASSERT_TRUE(back.has_value()) << message.index() << " " << format(back.error());
    EXPECT_TRUE(*back == message) << message.index();
  }
}

TEST(Stream, AHeartbeatHasNamesOfMetricsAndABound) {
  const auto decoded = [](const std::map<std::string, std::uint64_t>& drops) {
    return decode_agent_message(encode(AgentMessage(Heartbeat{Revision(1), {}, drops})));
  };
  EXPECT_TRUE(decoded({{"NO_LINK", 1}}));
  for (const char* name : {"", "NO LINK", "a\"b", "a\nb"}) EXPECT_FALSE(decoded({{name, 1}})) << name;
  std::map<std::string, std::uint64_t> many;
  for (std::size_t i = 0; i < kMaxCounts; ++i) many["R" + std::to_string(i)] = i;
  EXPECT_TRUE(decoded(many));
  many["ONE_MORE"] = 1;
  EXPECT_FALSE(decoded(many));
}

TEST(Stream, AHeartbeatsTablesHaveNamesAndABound) {
  Heartbeat beat;
  const auto decoded = [&] { return decode_agent_message(encode(AgentMessage(beat))); };
  beat.tables["rings{"] = {};
  EXPECT_FALSE(decoded());
  beat.tables.clear();
  for (std::size_t i = 0; i < kMaxCounts; ++i) beat.tables["t" + std::to_string(i)] = {i, i, i};
  EXPECT_TRUE(decoded());
  beat.tables["one_more"] = {};
  EXPECT_FALSE(decoded());
}

TEST(Stream, AnEdgesProbesHaveABound) {
  Heartbeat beat;
  beat.probes = EdgeProbes{std::vector<IpAddress>(kMaxProbed, IpAddress::v4(1)), {}};
  EXPECT_TRUE(decode_agent_message(encode(AgentMessage(beat))));
  beat.probes->unreached.push_back(IpAddress::v4(1));
  EXPECT_FALSE(decode_agent_message(encode(AgentMessage(beat))));
}

TEST(Stream, ALongRefusalIsCutShort) {
  Heartbeat beat;
  beat.refusal = beat.disk = std::string(kMaxCause, 'x');
  const std::string bytes = encode(AgentMessage(beat));
  beat.refusal += "and more";
  beat.disk += "and more";
  EXPECT_EQ(encode(AgentMessage(beat)), bytes);
}

TEST(Stream, APodsEventsAreFewShortAndOfOneWord) {
  const auto decoded = [](const std::vector<PodEvent>& events) {
    return decode_agent_message(encode(AgentMessage(PodReport{"shop", "web-1", "u1", {}, events})));
  };
  const PodEvent good{WallTime(Millis(1)), false, "Started", std::string(kMaxCause, 'x')};
  EXPECT_TRUE(decoded(std::vector(kMaxPodEvents, good)));
  EXPECT_FALSE(decoded(std::vector(kMaxPodEvents + 1, good)));
  PodEvent bad = good;
  bad.cause += "x";
  EXPECT_FALSE(decoded({bad}));
  bad = good;
  bad.what = "two words";
  EXPECT_FALSE(decoded({bad}));
}

TEST(Stream, AWatchEventAloneComesBack) {
  const WatchEvent event{WatchEvent::Type::put, Revision(5), tests::RandomObjects(4).any()};
  const auto back = decode_watch_event(encode(event));
  ASSERT_TRUE(back.has_value()) << format(back.error());
  EXPECT_TRUE(*back == event);
}

TEST(Stream, EmptyAndForeignBytesAreCorrupt) {
  for (const std::string& bytes : {std::string(), std::string("GET / HTTP/1.1"), std::string(64, '\xFF')}) {
    const auto agent = decode_agent_message(bytes);
    ASSERT_FALSE(agent.has_value());
    EXPECT_EQ(agent.error().code, Code::corrupt);
    EXPECT_FALSE(decode_control_message(bytes).has_value());
  }
}

TEST(Stream, AnEventWithoutItsObjectIsCorrupt) {
  EXPECT_FALSE(
      decode_watch_event(encode(WatchEvent{WatchEvent::Type::put, Revision(1), std::nullopt})).has_value());
}

TEST(Stream, DamagedBytesNeverCrash) {
  std::mt19937_64 random(7);
  std::size_t refused = 0, cases = 0;
  for (const ControlMessage& message : control_messages()) {
    const std::string bytes = encode(message);
    for (int i = 0; i < 400; ++i, ++cases) {
      std::string damaged = bytes.substr(0, random() % (bytes.size() + 1));
      if (!damaged.empty()) damaged[random() % damaged.size()] = static_cast<char>(random());
      refused += decode_control_message(damaged).has_value() ? 0 : 1;
      static_cast<void>(decode_agent_message(damaged));
    }
  }
  EXPECT_GT(refused, cases / 4);
}

}  // namespace
}  // namespace fairlead::proto
