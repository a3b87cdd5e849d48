// SPDX-License-Identifier: Apache-2.0
// The server over loopback, on ports the kernel chooses, asked by a plain UDP
// socket as a pod would.
#include "control/dns/server/server.h"

#include <arpa/inet.h>
#include <boost/asio/io_context.hpp>
#include <cstring>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "base/io/fd.h"
#include "control/dns/message.h"
#include "tests/unit/control/dns/sample.h"

namespace fairlead::dns {
namespace {

constexpr int kAnswerWithinMs = 5000;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress to;
  if (address.is_v4()) {
    auto* in = reinterpret_cast<sockaddr_in*>(&to.storage);
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    in->sin_addr.s_addr = htonl(address.v4_host_order());
    to.size = sizeof *in;
  } else {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&to.storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    std::memcpy(&in6->sin6_addr, address.bytes.data(), 16);
    to.size = sizeof *in6;
  }
  return to;
}

Bytes query_for(const char* name, std::uint16_t id) {
  Message query;
  query.header.id = id;
  query.questions = {{Name::parse(name).value(), Type::a, Class::in}};
  return encode(query).value();
}

class ServerTest : public testing::Test {
 protected:
  void open(const char* address, const ServerOptions& options = {.port = 0}) {
    address_ = *IpAddress::parse(address);
    auto opened = Server::open(io_, {address_}, options);
    ASSERT_TRUE(opened) << format(opened.error());
    server_ = std::make_unique<Server>(std::move(*opened));
    const SocketAddress to = socket_address(address_, server_->ports().at(0));
    client_ = Fd(::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // Connected: only a reply from the very address and port that were asked arrives.
    ASSERT_EQ(::connect(client_.get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size), 0);
    thread_ = std::thread([this] { io_.run(); });
  }

  void TearDown() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void publish() { server_->publish(std::make_shared<const Zone>(Zone::compile(sample_snapshot()).value())); }

  void send(const Bytes& octets) {
    ASSERT_EQ(::send(client_.get(), octets.data(), octets.size(), 0), static_cast<ssize_t>(octets.size()));
  }

  Message receive() {
    pollfd waits{client_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&waits, 1, kAnswerWithinMs), 1) << "no answer";
    Bytes octets(2048);
    const ssize_t got = ::recv(client_.get(), octets.data(), octets.size(), MSG_DONTWAIT);
    octets.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return decode(octets).value_or(Message{});
  }

  boost::asio::io_context io_;
  IpAddress address_;
  std::unique_ptr<Server> server_;
  Fd client_;
  std::thread thread_;
};

TEST_F(ServerTest, AnswersFromThePublishedZoneAndCounts) {
  open("127.0.0.1");
  publish();
  send(query_for("web.default.svc.cluster.internal", 1));
  const Message found = receive();
  EXPECT_EQ(found.header.id, 1);
  ASSERT_EQ(found.answers.size(), 1U);
  EXPECT_EQ(std::get<IpAddress>(found.answers[0].data), *IpAddress::parse("10.96.0.7"));
  send(query_for("nope.default.svc.cluster.internal", 2));
  EXPECT_EQ(receive().header.rcode, Rcode::nxdomain);
  send(query_for("example.com", 3));
  EXPECT_EQ(receive().header.rcode, Rcode::refused);
  send(Bytes(5));   // no header: nothing comes back
  send(Bytes(12));  // a header without a question
  EXPECT_EQ(receive().header.rcode, Rcode::formerr);
  const Counters counters = server_->counters();
  EXPECT_EQ(counters.queries, 5U);
  EXPECT_EQ(counters.noerror, 1U);
  EXPECT_EQ(counters.nxdomain, 1U);
  EXPECT_EQ(counters.refused, 1U);
  EXPECT_EQ(counters.dropped_short, 1U);
  EXPECT_EQ(counters.formerr, 1U);
  EXPECT_EQ(counters.unsent, 0U);
}

TEST_F(ServerTest, SaysNothingBeforeTheFirstZoneAndFollowsEachNewOne) {
  open("127.0.0.1");
  send(query_for("web.default.svc.cluster.internal", 1));
  while (server_->counters().dropped_unready < 1) std::this_thread::yield();
  publish();
  send(query_for("cache.default.svc.cluster.internal", 2));
  const Message absent = receive();
  EXPECT_EQ(absent.header.id, 2) << "the query before the zone was answered";
  EXPECT_EQ(absent.header.rcode, Rcode::nxdomain);
  Snapshot newer = sample_snapshot();
  newer.put(sample_service("cache", "10.96.0.9", ""));
  server_->publish(std::make_shared<const Zone>(Zone::compile(newer).value()));
  send(query_for("cache.default.svc.cluster.internal", 3));
  EXPECT_EQ(receive().header.rcode, Rcode::noerror);
}

TEST_F(ServerTest, AnswersOverIpv6) {
  open("::1");
  publish();
  send(query_for("db.default.svc.cluster.internal", 9));
  EXPECT_EQ(receive().answers.size(), 1U);
}

TEST_F(ServerTest, ClosesItsSocketWhenItGoes) {
  open("127.0.0.1");
  const std::uint16_t port = server_->ports().at(0);
  io_.stop();
  thread_.join();
  server_.reset();
  EXPECT_TRUE(Server::open(io_, {address_}, {.port = port}));
}

TEST(ServerOpen, RefusesWhatItCannotAnswerFrom) {
  boost::asio::io_context io;
  const auto wildcard = Server::open(io, {IpAddress::v4(0)}, {.port = 0});
  ASSERT_FALSE(wildcard);
  EXPECT_EQ(wildcard.error().code, Code::invalid);
  const auto foreign = Server::open(io, {*IpAddress::parse("192.0.2.1")}, {.port = 0});
  ASSERT_FALSE(foreign);
  EXPECT_NE(format(foreign.error()).find("192.0.2.1"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::dns
