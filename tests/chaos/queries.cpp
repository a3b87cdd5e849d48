// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <list>
#include <poll.h>
#include <span>
#include <sys/socket.h>
#include <thread>

#include "base/io/fd.h"
#include "control/dns/message.h"
#include "tests/chaos/threads.h"

namespace fairlead::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kAgain{500};
constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kSockets = 10;  // an answer counts though it comes 5 s late, behind other questions

struct Query {
  IpAddress expected;
  std::uint16_t id = 0;
  std::deque<Fd> sockets;  // one for each time it was asked, the last at the end
  unsigned asked = 0;
  Clock::time_point began = Clock::now();
  Clock::time_point again = {};
};

dns::Bytes question(const std::string& name, const Query& query) {
  dns::Message message;
  message.header.id = query.id;
  message.header.recursion_desired = true;
  message.questions.push_back(
      {*dns::Name::parse(name), query.expected.is_v4() ? dns::Type::a : dns::Type::aaaa, dns::Class::in});
  return dns::encode(message).value_or(dns::Bytes());
}

void ask(const Options& options, Query& query) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(53);
  std::memcpy(&to.sin6_addr, options.dns.bytes.data(), 16);
  if (query.sockets.size() == kSockets) query.sockets.pop_front();
  const Fd& socket =
      query.sockets.emplace_back(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int off = 0;
  ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const dns::Bytes octets = question(options.name, query);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
    ::send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
  ++query.asked;
  query.again = Clock::now() + kAgain;
}

// Empty: it is the answer.
std::string judge(std::span<const std::uint8_t> octets, const Query& query) {
  const Result<dns::Message> message = dns::decode(octets);
  if (!message) return "not a message";
  if (message->header.id != query.id) return "another id";
  if (message->header.rcode != dns::Rcode::noerror)
    return "code " + std::to_string(static_cast<unsigned>(message->header.rcode));
  if (message->answers.size() != 1) return std::to_string(message->answers.size()) + " records";
  const auto* address = std::get_if<IpAddress>(&message->answers.front().data);
  if (!address || *address != query.expected) return "another address";
  return "";
}

// The first answer that has come, as its octets.
std::span<const std::uint8_t> hear(const Query& query, std::span<std::uint8_t> room) {
  for (const Fd& socket : query.sockets)
    if (const ssize_t got = ::recv(socket.get(), room.data(), room.size(), 0); got > 0)
      return room.first(static_cast<std::size_t>(got));
  return {};
}

// True when this query is over.
bool advance(const Options& options, Tally& tally, Query& query) {
  std::array<std::uint8_t, 1500> octets;
  const std::span<const std::uint8_t> heard = hear(query, octets);
  if (!heard.empty()) {
    const std::string wrong = judge(heard, query);
    ++tally.queries;
    if (query.asked > 1) ++tally.late;
    if (!wrong.empty()) {
      ++tally.wrong;
      tally.blame("answer for " + options.name + ": " + wrong);
    }
    return true;
  }
  if (Clock::now() > query.began + kPatience) {
    ++tally.unanswered;
    tally.blame("no answer for " + options.name + " in 30 s");
    return true;
  }
  if (Clock::now() >= query.again) ask(options, query);
  return false;
}

}  // namespace

void ask_names(const Options& options, Tally& tally, const std::stop_token& stop) {
  if (options.queries == 0) return;
  const std::chrono::nanoseconds every(1'000'000'000 / options.queries);
  std::list<Query> open;
  std::uint16_t id = 0;
  auto next = Clock::now();
  while (!stop.stop_requested() || !open.empty()) {
    if (!stop.stop_requested() && Clock::now() >= next) {
      next = std::max(next + every, Clock::now() - every);
      Query& query = open.emplace_back();
      query.expected = options.vips[id % options.vips.size()];
      query.id = id++;
      ask(options, query);
    }
    open.remove_if([&](Query& query) { return advance(options, tally, query); });
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace fairlead::chaos
