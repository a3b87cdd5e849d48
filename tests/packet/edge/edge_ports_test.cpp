// SPDX-License-Identifier: Apache-2.0
// The DPDK engine with ports and workers, without a NIC: packets of a file (net_pcap)
// leave as the reference's do, counted by verdict, and tables change under traffic
// (net_null, which is never silent).
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <thread>

#include "dataplane/dpdk/dpdk_engine.h"
#include "dataplane/fwd/values.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/edge/machines/edge_reference.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kBeat = 1U << 20;
constexpr std::uint32_t kBuckets = 16;
constexpr auto kPatience = std::chrono::seconds(20);

model::TableImage tables(const std::string& services = "1", int link = 0) {
  std::string text =
      "self number=1 vtep=192.0.2.1 cluster_seed=42\nvtep 1 192.0.2.1\n"
      "edge own4=192.0.2.1 own6=2001:db8::1 flows=128\n";
  for (const char service : services)
    text += std::string("edge_service ") + service + " 198.51.100." + service +
            " settled=1\n ports tcp 80\n" + " server 192.0.2.1" + service +
            " deliver=ipip via=02:00:00:00:01:0b own=02:00:00:00:01:01" +
            (link == 0 ? "" : " link=" + std::to_string(link)) + "\n ring 192.0.2.1" + service + "\n";
  return model::lower(model::parse(text).value()).value();
}

Bytes packet(int number, const std::string& to) {
  return packet_from("eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / ip4 203.0.113." +
                     std::to_string(1 + number % 200) + " > " + to + " / tcp " +
                     std::to_string(1024 + number) + " > 80 S / data " + std::to_string(number % 900));
}

void put(std::ofstream& file, std::uint32_t word) { file.write(reinterpret_cast<const char*>(&word), 4); }

void write_pcap(const std::filesystem::path& path, const std::vector<Bytes>& packets) {
  std::ofstream file(path, std::ios::binary);
  for (const std::uint32_t word : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 1U}) put(file, word);
  for (const Bytes& one : packets) {
    const auto size = static_cast<std::uint32_t>(one.size());
    for (const std::uint32_t word : {0U, 0U, size, size}) put(file, word);
    file.write(reinterpret_cast<const char*>(one.data()), static_cast<std::streamsize>(size));
  }
}

std::vector<Bytes> read_pcap(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<Bytes> packets;
  file.seekg(24);
  std::uint32_t head[4];
  while (file.read(reinterpret_cast<char*>(head), sizeof head)) {
    packets.emplace_back(head[2]);
    file.read(reinterpret_cast<char*>(packets.back().data()), head[2]);
  }
  return packets;
}

dpdk::DpdkOptions options(const std::string& device) {
  dpdk::DpdkOptions made;
  made.devices = {device};
  made.buckets = kBuckets;
  made.fixed_beat = kBeat;
  return made;
}

std::uint64_t packets_of(const dpdk::DpdkEngine& engine) {
  std::uint64_t sum = 0;
  const auto counters = engine.counters();
  for (const fwd_counter& one : *counters) sum += one.packets;
  return sum;
}

// False when they have not come in time.
bool wait_for_packets(const dpdk::DpdkEngine& engine, std::uint64_t wanted) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (packets_of(engine) < wanted) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class EdgePorts : public testing::Test {
 protected:
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / "edge_ports";
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
};

TEST_F(EdgePorts, WhatCameInLeavesAsTheReferenceSays) {
  std::vector<Bytes> in, wanted;
  std::map<std::uint32_t, std::uint64_t> verdicts;
  EdgeReference reference(tables(), kBeat, kBuckets);
  for (int i = 0; i < 1000; ++i) {
    in.push_back(packet(i, i % 5 == 0 ? "198.51.100.77" : "198.51.100.1"));
    if (i % 7 == 0) in.back()[37] = 81;  // a port that it has not
    const EdgeOutcome outcome = reference.run(in.back());
    ++verdicts[outcome.verdict];
    if (outcome.verdict == FWD_TO_BACKEND) wanted.push_back(outcome.packet);
  }
  write_pcap(folder_ / "in.pcap", in);
  {
    auto engine = dpdk::DpdkEngine::open(options("net_pcap0,rx_pcap=" + (folder_ / "in.pcap").string() +
                                                 ",tx_pcap=" + (folder_ / "out.pcap").string()));
    ASSERT_TRUE(engine) << format(engine.error());
    dpdk::DpdkEngine& edge = **engine;
    ASSERT_TRUE(edge.apply(model::diff({}, tables())));
    ASSERT_TRUE(edge.start());
    ASSERT_TRUE(wait_for_packets(edge, in.size())) << packets_of(edge) << " came";
    const auto counters = edge.counters().value();
    for (const auto& [verdict, count] : verdicts) EXPECT_EQ(counters[verdict].packets, count) << verdict;
    EXPECT_EQ(edge.ports().value().at(0).mode, "net_pcap");
    EXPECT_EQ(edge.stages().value().front().packets, in.size());
    EXPECT_EQ(fwd_swap16(edge.last_drops().value()[FWD_NO_SERVICE_PORT].dport_be), 81U);
  }
  const std::vector<Bytes> out = read_pcap(folder_ / "out.pcap");
  EXPECT_EQ(out, wanted);
  std::cout << in.size() << " packets in, " << out.size() << " out, " << verdicts.size() << " verdicts\n";
}

TEST_F(EdgePorts, TablesChangeUnderPackets) {
  auto engine = dpdk::DpdkEngine::open(options("net_null0"));
  ASSERT_TRUE(engine) << format(engine.error());
  dpdk::DpdkEngine& edge = **engine;
  ASSERT_TRUE(edge.start());
  model::TableImage now;
  int changes = 0;
  for (const char* services : {"1", "12", "2", "123", "", "3", ""}) {
    const model::TableImage next = tables(services);
    ASSERT_TRUE(wait_for_packets(edge, packets_of(edge) + 100));
    ASSERT_TRUE(edge.apply(model::diff(now, next)));
    now = next;
    ++changes;
  }
  EXPECT_EQ(edge.counters().value()[FWD_PASS].packets > 0, true);
  EXPECT_GT(edge.losses().at(2).packets, 0U);  // nobody takes what is not ours
  std::cout << changes << " changes, " << packets_of(edge) << " packets\n";
}

// What leaves for the server comes back by other devices, as what is not for a service.
TEST_F(EdgePorts, FramesCrossOtherDevices) {
  write_pcap(folder_ / "in.pcap", {packet(1, "198.51.100.1")});
  const std::string source = "net_pcap0,infinite_rx=1,rx_pcap=" + (folder_ / "in.pcap").string() +
                             ",tx_pcap=" + (folder_ / "out.pcap").string();
  const std::string memif = ",socket-abstract=no,socket=" + (folder_ / "memif.sock").string();
  const std::vector<std::string> ways[] = {
      {"net_ring0"}, {"net_memif0,role=server" + memif, "net_memif1,role=client" + memif}};
  for (const std::vector<std::string>& way : ways) {
    dpdk::DpdkOptions asked = options(source);
    asked.devices.insert(asked.devices.end(), way.begin(), way.end());
    auto engine = dpdk::DpdkEngine::open(asked);
    ASSERT_TRUE(engine) << format(engine.error());
    ASSERT_TRUE((*engine)->apply(model::diff({}, tables("1", 2))));
    ASSERT_TRUE((*engine)->start());
    const auto came = [&] { return (*engine)->counters().value()[FWD_PASS].packets; };
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (came() < 1000 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_GE(came(), 1000U) << way.front();
    EXPECT_EQ((*engine)->ports().value().size(), 1 + way.size());
    std::cout << way.front().substr(0, way.front().find(',')) << ": " << came() << " frames back\n";
  }
}

TEST_F(EdgePorts, RefusalsNameTheDevice) {
  for (const char* device : {"net_nothing0", "net_pcap1,rx_pcap=/nowhere/in.pcap"}) {
    const auto refused = dpdk::DpdkEngine::open(options(device));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().object, std::string("device ") + device);
    EXPECT_FALSE(refused.error().remedy.empty());
  }
  dpdk::DpdkOptions many = options("net_null0");
  many.workers = 1000;
  EXPECT_EQ(dpdk::DpdkEngine::open(many).error().code, Code::invalid);
  EXPECT_EQ(dpdk::DpdkEngine::open(dpdk::DpdkOptions{}).error().code, Code::invalid);
}

}  // namespace
}  // namespace fairlead::test
