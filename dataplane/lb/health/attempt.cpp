// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/health/attempt.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/raw_protocol.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <netinet/in.h>

#include "base/net/socket_address.h"
#include "dataplane/fwd/edge/values.h"

namespace fairlead::lb {
namespace {

namespace asio = net::asio;
using Failure = boost::system::error_code;

using Stream = asio::generic::stream_protocol;
using Raw = asio::generic::raw_protocol;

constexpr auto kTold = asio::as_tuple(asio::use_awaitable);

int family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

std::string words_of(const Failure& error, Millis timeout) {
  if (error == asio::error::operation_aborted) return "no answer in " + format_duration(timeout);
  return probe_failure(error.message());
}

template <class Socket>
Failure mark(Socket& socket, const ProbeTarget& target) {
  const std::uint32_t value = target.marked ? FWD_PROBE_MARK | target.number : 0;
  const auto size = static_cast<socklen_t>(target.link.size());
  const bool bound = target.link.empty() || ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE,
                                                         target.link.c_str(), size) == 0;
  if (bound && ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_MARK, &value, sizeof value) == 0)
    return {};
  return {errno, boost::system::system_category()};
}

// The socket gets its port before its first packet leaves.
Failure steer_from(Stream::socket& socket, const ProbeTarget& target, const Prober::Steer& steer) {
  if (!target.marked) return {};
  Failure error;
  const SocketAddress any = socket_address(target.address.is_v4() ? IpAddress::v4(0) : IpAddress{}, 0);
  (void)socket.bind(Stream::endpoint(&any.storage, any.size), error);
  SocketAddress own{};
  socklen_t size = sizeof own.storage;
  if (!error && ::getsockname(socket.native_handle(), reinterpret_cast<sockaddr*>(&own.storage), &size) != 0)
    error = {errno, boost::system::system_category()};
  if (error) return error;
  sockaddr_in6 in{};  // the port of both families stands in one place
  std::memcpy(&in, &own.storage, sizeof in);
  steer(ntohs(in.sin6_port), target.number);
  return {};
}

// Cancels what `socket` waits for when the time is up.
template <class Socket>
std::shared_ptr<asio::steady_timer> limit(const std::shared_ptr<Socket>& socket, Millis timeout) {
  auto timer = std::make_shared<asio::steady_timer>(socket->get_executor(), timeout);
  timer->async_wait([socket, timer](const Failure& error) {
    if (!error) socket->close();
  });
  return timer;
}

net::Task<ProbeResult> ask_http(std::shared_ptr<Stream::socket> socket, ProbeTarget target) {
  const std::string request = probe_request(target.address, target.check.port, target.check.path);
  const auto [unsent, sent] = co_await asio::async_write(*socket, asio::buffer(request), kTold);
  if (unsent) co_return ProbeResult{false, words_of(unsent, target.check.timeout)};
  std::string line;
  std::array<char, kMaxStatusLine> chunk{};
  while (!line.contains('\n') && line.size() < kMaxStatusLine) {
    const auto [error, size] = co_await socket->async_receive(asio::buffer(chunk), kTold);
    if (error == asio::error::eof) break;
    if (error) co_return ProbeResult{false, words_of(error, target.check.timeout)};
    line.append(chunk.data(), size);
  }
  co_return judge_status_line(line);
}

net::Task<ProbeResult> connect(ProbeTarget target, Prober::Steer steer) {
  auto socket = std::make_shared<Stream::socket>(co_await asio::this_coro::executor);
  Failure error;
  (void)socket->open(Stream(family_of(target.address), IPPROTO_TCP), error);
  if (!error) error = mark(*socket, target);
  if (!error) error = steer_from(*socket, target, steer);
  if (error) co_return ProbeResult{false, words_of(error, target.check.timeout)};
  const SocketAddress peer = socket_address(target.address, target.check.port);
  const auto timer = limit(socket, target.check.timeout);
  const auto [unconnected] =
      co_await socket->async_connect(Stream::endpoint(&peer.storage, peer.size), kTold);
  ProbeResult result{!unconnected, unconnected ? words_of(unconnected, target.check.timeout) : ""};
  if (result.well && target.check.type == Check::Type::http) result = co_await ask_http(socket, target);
  timer->cancel();
  co_return result;
}

// An echo request (RFC 792, 4443) whose identifier is the server's number; IPv6's sum is the kernel's.
std::array<std::uint8_t, 8> echo_of(const ProbeTarget& target, bool answer) {
  const bool four = target.address.is_v4();
  std::array<std::uint8_t, 8> echo{};
  if (four) echo[0] = answer ? 0 : 8;
  if (!four) echo[0] = answer ? 129 : 128;
  echo[4] = static_cast<std::uint8_t>(target.number >> 8);
  echo[5] = static_cast<std::uint8_t>(target.number);
  echo[6] = 0x66;
  echo[7] = 0x6d;
  const std::uint32_t sum = (std::uint32_t{echo[0]} << 8) + (target.number & 0xffff) + 0x666d;
  const auto folded = static_cast<std::uint16_t>(~(sum + (sum >> 16)));
  if (four) {
    echo[2] = static_cast<std::uint8_t>(folded >> 8);
    echo[3] = static_cast<std::uint8_t>(folded);
  }
  return echo;
}

// A raw socket of IPv4 hears the IP header, too.
bool answers(const ProbeTarget& target, const std::uint8_t* bytes, std::size_t size) {
  const std::size_t skip = target.address.is_v4() && size > 0 ? std::size_t{bytes[0] & 15U} * 4 : 0;
  if (size < skip + 8) return false;
  const auto wanted = echo_of(target, true);
  return bytes[skip] == wanted[0] && std::equal(bytes + skip + 4, bytes + skip + 8, wanted.begin() + 4);
}

net::Task<ProbeResult> echo(ProbeTarget target) {
  const bool four = target.address.is_v4();
  auto socket = std::make_shared<Raw::socket>(co_await asio::this_coro::executor);
  Failure error;
  (void)socket->open(Raw(family_of(target.address), four ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}), error);
  if (!error) error = mark(*socket, target);
  const SocketAddress peer = socket_address(target.address, 0);
  if (!error) (void)socket->connect(Raw::endpoint(&peer.storage, peer.size), error);
  if (error) co_return ProbeResult{false, words_of(error, target.check.timeout)};
  const auto timer = limit(socket, target.check.timeout);
  const auto request = echo_of(target, false);
  const auto [unsent, sent] = co_await socket->async_send(asio::buffer(request), kTold);
  ProbeResult result{false, unsent ? words_of(unsent, target.check.timeout) : ""};
  std::array<std::uint8_t, 256> packet{};
  while (!unsent) {
    const auto [unheard, size] = co_await socket->async_receive(asio::buffer(packet), kTold);
    if (!unheard && !answers(target, packet.data(), size)) continue;
    result = {!unheard, unheard ? words_of(unheard, target.check.timeout) : ""};
    break;
  }
  timer->cancel();
  co_return result;
}

}  // namespace

net::Task<ProbeResult> probe_once(ProbeTarget target, Prober::Steer steer) {
  if (target.check.type == Check::Type::icmp) co_return co_await echo(target);
  co_return co_await connect(target, steer);
}

}  // namespace fairlead::lb
