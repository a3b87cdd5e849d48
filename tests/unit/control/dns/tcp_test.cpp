// SPDX-License-Identifier: Apache-2.0
// The server by TCP, over loopback: queries in a row, in pieces, too large for
// a datagram, from those who say nothing and from too many.
#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "base/io/fd.h"
#include "control/dns/server/server.h"
#include "tests/unit/control/dns/asked.h"
#include "tests/unit/control/dns/sample.h"

namespace fairlead::dns {
namespace {

constexpr int kPatienceMs = 5000;

class TcpTest : public testing::Test {
 protected:
  void open(TcpLimits limits = {}) {
    auto opened = Server::open(io_, {*IpAddress::parse("127.0.0.1")}, {.port = 0, .tcp = limits});
    ASSERT_TRUE(opened) << fairlead::format(opened.error());
    server_ = std::make_unique<Server>(std::move(*opened));
    server_->publish(std::make_shared<const Zone>(Zone::compile(sample_snapshot()).value()));
    thread_ = std::thread([this] { io_.run(); });
  }
  void TearDown() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Fd connect() {
    Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_->ports().at(0));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return client;
  }

  static void append(Bytes& to, std::uint16_t id, const char* name, Type type = Type::a) {
    Message query = query_for(name, type);
    query.header.id = id;
    const Bytes octets = encode(query).value();
    to.push_back(static_cast<std::uint8_t>(octets.size() >> 8));
    to.push_back(static_cast<std::uint8_t>(octets.size()));
    to.insert(to.end(), octets.begin(), octets.end());
  }
  static void send(const Fd& client, std::span<const std::uint8_t> octets) {
    for (std::size_t sent = 0; sent < octets.size();) {
      const ssize_t n = ::send(client.get(), octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      sent += static_cast<std::size_t>(n);
    }
  }
  // So many octets, or as many as come before the connection ends.
  static Bytes receive(const Fd& client, std::size_t wanted) {
    Bytes octets(wanted);
    std::size_t got = 0;
    while (got < wanted) {
      pollfd waits{client.get(), POLLIN, 0};
      if (::poll(&waits, 1, kPatienceMs) != 1) break;
      const ssize_t n = ::recv(client.get(), octets.data() + got, wanted - got, 0);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    octets.resize(got);
    return octets;
  }
  static Message next(const Fd& client) {
    const Bytes length = receive(client, 2);
    if (length.size() < 2) return {};
    return decode(receive(client, length[0] * 256U + length[1])).value_or(Message{});
  }
  static bool ends(const Fd& client) { return receive(client, 1).empty(); }

  boost::asio::io_context io_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

TEST_F(TcpTest, QueriesInARowAreAnsweredInTheirOrder) {
  open();
  const Fd client = connect();
  constexpr std::uint16_t kQueries = 3000;
  Bytes all;
  for (std::uint16_t i = 0; i < kQueries; ++i)
    append(all, i, i % 3 == 0 ? "nope.default.svc.cluster.internal" : "web.default.svc.cluster.internal");
  std::thread sender([&] { send(client, all); });
  for (std::uint16_t i = 0; i < kQueries; ++i) {
    const Message got = next(client);
    ASSERT_EQ(got.header.id, i);
    ASSERT_EQ(got.header.rcode, i % 3 == 0 ? Rcode::nxdomain : Rcode::noerror);
  }
  sender.join();
  EXPECT_EQ(server_->counters().queries, kQueries);
  EXPECT_EQ(server_->counters().tcp_connections, 1U);
}

TEST_F(TcpTest, AQueryMayComeOctetByOctet) {
  open();
  const Fd client = connect();
  Bytes one;
  append(one, 7, "web.default.svc.cluster.internal");
  for (const std::uint8_t octet : one) send(client, std::span(&octet, 1));
  EXPECT_EQ(describe(next(client)), "NOERROR aa A 10.96.0.7 5");
}

TEST_F(TcpTest, WhatIsTooLargeForADatagramIsWhole) {
  open();
  Snapshot snapshot = sample_snapshot();
  for (int i = 0; i < 1000; ++i) {
    Pod pod = sample_pod(("p-" + std::to_string(i)).c_str(), "10.9.0.1", "fd00::1");
    pod.job = "web";
    pod.ipv4 = IpAddress::parse("10.9.0.1")->plus(static_cast<std::uint64_t>(i));
    pod.ipv6 = {};
    snapshot.put(pod);
  }
  server_->publish(std::make_shared<const Zone>(Zone::compile(snapshot).value()));
  const Fd client = connect();
  Bytes one;
  append(one, 7, "all.default.svc.cluster.internal");
  send(client, one);
  const Message got = next(client);
  EXPECT_EQ(got.answers.size(), 1001U);
  EXPECT_FALSE(got.header.truncated);
}

TEST_F(TcpTest, WhatIsNoMessageIsToldSoOrDropped) {
  open();
  const Fd client = connect();
  Bytes octets = {0, 0, 0, 5, 1, 2, 3, 4, 5};  // of no octets, and of five
  octets.insert(octets.end(), {0, 12, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  append(octets, 8, "web.default.svc.cluster.internal");
  send(client, octets);
  const Message first = next(client);
  EXPECT_EQ(first.header.id, 0x0909);
  EXPECT_EQ(first.header.rcode, Rcode::formerr);
  EXPECT_EQ(next(client).header.id, 8);
  EXPECT_EQ(server_->counters().dropped_short, 2U);
}

TEST_F(TcpTest, AConnectionThatSaysNothingIsClosed) {
  open({.idle = Millis(50)});
  const Fd silent = connect(), half = connect();
  send(half, Bytes{0, 40, 1, 2, 3});
  EXPECT_TRUE(ends(silent));
  EXPECT_TRUE(ends(half));
  EXPECT_EQ(server_->counters().tcp_idle, 2U);
}

TEST_F(TcpTest, ThereIsABoundOfConnections) {
  open({.connections = 3, .from_one = 2});
  const Fd one = connect(), two = connect();
  Bytes query;
  append(query, 5, "web.default.svc.cluster.internal");
  for (const Fd* client : {&one, &two}) {
    send(*client, query);
    EXPECT_EQ(next(*client).header.id, 5);
  }
  const Fd three = connect();
  EXPECT_TRUE(ends(three));
  EXPECT_EQ(server_->counters().tcp_refused, 1U);
  send(one, query);
  EXPECT_EQ(next(one).header.id, 5) << "those that are there go on";
}

TEST_F(TcpTest, AClosedOneMakesRoom) {
  open({.connections = 1, .from_one = 1});
  Bytes query;
  append(query, 5, "web.default.svc.cluster.internal");
  for (int i = 0; i < 40; ++i) {
    Fd client = connect();
    for (int n = 0; n < 1000; ++n) {  // until the server has seen that the one before went
      (void)::send(client.get(), query.data(), query.size(), MSG_NOSIGNAL);
      if (next(client).header.id == 5) break;
      client = connect();
    }
  }
  EXPECT_EQ(server_->counters().tcp_connections, 40U);
}

}  // namespace
}  // namespace fairlead::dns
