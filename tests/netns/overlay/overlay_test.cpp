// SPDX-License-Identifier: Apache-2.0
// Plain processes in three namespaces reach each other, services, the node and
// the world over the overlay, in both families, over both kinds of underlay.
#include "tests/netns/overlay/overlay.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sys/socket.h>
#include <thread>

#include "base/io/fd.h"
#include "tests/netns/overlay/overlay.h"

namespace fairlead::test {
namespace {

sockaddr_storage socket_address(Family family, const std::string& address, std::uint16_t port) {
  sockaddr_storage storage{};
  if (family == Family::v4) {
    auto* four = reinterpret_cast<sockaddr_in*>(&storage);
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &four->sin_addr);
  } else {
    auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    ::inet_pton(AF_INET6, address.c_str(), &six->sin6_addr);
  }
  return storage;
}

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

Fd listen_tcp(Family family, std::uint16_t port) {
  Fd listener(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage any = socket_address(family, family == Family::v4 ? "0.0.0.0" : "::", port);
  require(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
  require(::listen(listener.get(), 1) == 0, "listen");
  return listener;
}

std::string receive_all(const Fd& listener) {
  const Fd connection(::accept(listener.get(), nullptr, nullptr));
  std::string got;
  std::vector<char> chunk(1 << 16);
  for (ssize_t n = 0; (n = ::read(connection.get(), chunk.data(), chunk.size())) > 0;)
    got.append(chunk.data(), static_cast<std::size_t>(n));
  return got;
}

void send_all(Family family, const std::string& address, std::uint16_t port, std::string_view bytes) {
  const Fd connection(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage to = socket_address(family, address, port);
  require(::connect(connection.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "connect");
  while (!bytes.empty()) {
    const ssize_t n = ::write(connection.get(), bytes.data(), bytes.size());
    require(n > 0, "write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string program(const std::string& name) {
  return std::string(std::getenv("FL_BUILD_DIR")) + "/bin/" + name;
}

// One overlay per kind of underlay serves all tests of this file, one at a time.
std::unique_ptr<Overlay>& built(Family underlay) {
  static std::map<Family, std::unique_ptr<Overlay>> overlays;
  return overlays[underlay];
}

std::unique_ptr<Overlay> build(Family underlay) {
  auto overlay = std::make_unique<Overlay>(underlay == Family::v4 ? "over4" : "over6", 3, underlay);
  overlay->add_pod("p1", 1);
  overlay->add_pod("p2", 1);
  overlay->add_pod("p3", 2);
  overlay->add_pod("p4", 3);
  overlay->set_service(20, {"p2", "p3", "p4"});
  overlay->set_service(21, {"p1"});
  overlay->set_service(22, {});
  overlay->publish();
  return overlay;
}

class Underlay : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    auto& overlay = built(GetParam());
    if (!overlay) {
      overlay = build(GetParam());
      overlay_ = overlay.get();
      for (const char* pod : {"p1", "p2", "p3", "p4"}) serve(pod);
    }
    overlay_ = overlay.get();
  }
  static void TearDownTestSuite() {
    for (const Family underlay : {Family::v4, Family::v6}) built(underlay).reset();
  }

  Finished ping(const std::string& from, const std::string& to, const std::vector<std::string>& more = {}) {
    Argv argv{"ping", "-c1", "-W2"};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back(to);
    return overlay_->lab().run(from, argv);
  }

  void serve(const std::string& pod) {
    overlay_->lab().start(pod, {program("fl-serve"), "--http", "8080", "--tcp", "0", "--udp", "5353"},
                          {"FAIRLEAD_POD=" + pod, "FAIRLEAD_NODE=somewhere"});
    const bool up = eventually(
        [&] { return overlay_->lab().run(pod, {program("loadgen"), "http://127.0.0.1:8080", "1"}).ok(); });
    ASSERT_TRUE(up) << pod << " does not serve";
  }

  Finished load(const std::string& from, const std::string& to, const std::string& count = "60") {
    const std::string host = to.find(':') == std::string::npos ? to : "[" + to + "]";
    return overlay_->lab().run(from, {program("loadgen"), "http://" + host + ":80", count});
  }

  Overlay* overlay_ = nullptr;
};

TEST_P(Underlay, PodsReachPodsOnTheirNodeAndOnOthers) {
  for (const Family family : {Family::v4, Family::v6})
    for (const char* to : {"p2", "p3", "p4"}) {
      const Finished got = ping("p1", overlay_->address(to, family));
      EXPECT_TRUE(got.ok()) << to << "\n" << got.output;
    }
  EXPECT_GT(overlay_->count(1, "TO_WIRE"), 0U);
  EXPECT_GT(overlay_->count(2, "TO_POD"), 0U);
}

TEST_P(Underlay, APacketOfTheLargestSizePassesWhole) {
  const std::string bytes4 = std::to_string(1430 - 28);
  const std::string bytes6 = std::to_string(1430 - 48);
  EXPECT_TRUE(ping("p1", overlay_->address("p3", Family::v4), {"-M", "do", "-s", bytes4}).ok());
  EXPECT_TRUE(ping("p1", overlay_->address("p3", Family::v6), {"-M", "do", "-s", bytes6}).ok());
}

TEST_P(Underlay, AStreamArrivesByteForByte) {
  std::string sent(20'000'000, '\0');
  std::mt19937_64 random(1);
  for (char& c : sent) c = static_cast<char>(random());
  for (const Family family : {Family::v4, Family::v6}) {
    Fd listener;
    overlay_->lab().inside("p3", [&] { listener = listen_tcp(family, 9000); });
    std::string got;
    std::thread receiver([&] { got = receive_all(listener); });
    overlay_->lab().inside("p1", [&] { send_all(family, overlay_->address("p3", family), 9000, sent); });
    receiver.join();
    EXPECT_TRUE(got == sent) << got.size() << " of " << sent.size() << " bytes";
  }
}

TEST_P(Underlay, AServiceIsSharedByItsPods) {
  for (const Family family : {Family::v4, Family::v6}) {
    const Finished got = load("p1", Overlay::vip(20, family));
    EXPECT_TRUE(got.ok()) << got.output;
    for (const char* pod : {"p2", "p3", "p4"})
      EXPECT_NE(got.output.find(pod), std::string::npos) << got.output;
    EXPECT_EQ(got.output.find("p1"), std::string::npos) << got.output;
    EXPECT_TRUE(load("p1", Overlay::vip(21, family), "5").ok()) << "a pod through its own service";
    EXPECT_TRUE(load("p4", Overlay::vip(21, family), "5").ok());
    EXPECT_TRUE(load(Overlay::node(2), Overlay::vip(20, family), "20").ok()) << "a node through a service";
    EXPECT_TRUE(ping("p1", Overlay::vip(20, family)).ok()) << "echo to a service's address";
  }
  EXPECT_FALSE(load("p1", Overlay::vip(22, Family::v4), "1").ok());
  EXPECT_GT(overlay_->count(1, "NO_BACKEND"), 0U);
}

TEST_P(Underlay, APodThatLeavesItsServiceGetsNoNewConnection) {
  overlay_->set_service(20, {"p2", "p4"});
  overlay_->publish();
  const Finished got = load("p1", Overlay::vip(20, Family::v4));
  EXPECT_TRUE(got.ok()) << got.output;
  EXPECT_EQ(got.output.find("p3"), std::string::npos) << got.output;
  overlay_->set_service(20, {"p2", "p3", "p4"});
  overlay_->publish();
}

TEST_P(Underlay, NodesReachPodsAndPodsReachNodes) {
  for (const Family family : {Family::v4, Family::v6})
    for (const char* to : {"p2", "p3"}) EXPECT_TRUE(ping("n1", overlay_->address(to, family)).ok()) << to;
  for (const char* to :
       {"10.244.0.1", "10.244.0.2", "192.168.77.1", "192.168.77.2", "fd77::2", "fd00:244::2"}) {
    const Finished got = ping("p1", to);
    EXPECT_TRUE(got.ok()) << to << "\n" << got.output;
  }
}

TEST_P(Underlay, PodsReachTheWorldByTheirNodesAddress) {
  for (const char* to : {"198.51.100.1", "2001:db8::1"}) {
    const Finished got = ping("p1", to);
    EXPECT_TRUE(got.ok()) << to << "\n" << got.output;
  }
  EXPECT_FALSE(ping("out", overlay_->address("p1", Family::v4), {"-W1"}).ok());
}

TEST_P(Underlay, ASpoofedSourceIsDroppedByName) {
  overlay_->lab().sh("p1", "ip addr add 10.244.0.12/32 dev eth0");  // p3's
  EXPECT_FALSE(ping("p1", overlay_->address("p4", Family::v4), {"-W1", "-I", "10.244.0.12"}).ok());
  EXPECT_GT(overlay_->count(1, "SPOOFED_SOURCE"), 0U);
  overlay_->lab().sh("p1", "ip addr del 10.244.0.12/32 dev eth0");
}

INSTANTIATE_TEST_SUITE_P(Over, Underlay, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "IPv4" : "IPv6"; });

}  // namespace
}  // namespace fairlead::test
