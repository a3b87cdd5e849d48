// SPDX-License-Identifier: Apache-2.0
#include "control/dns/server/tcp.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>

namespace fairlead::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t kLength = 2;                   // octets in front of each message
constexpr std::size_t kAtOnce = 16384;               // octets that are read at a time
constexpr std::size_t kAnswersOctets = 4 * kAtOnce;  // and written: the queries behind wait for it
constexpr Millis kAfterError{100};                   // accept() has failed: no file descriptor is free

// What has come and is not answered yet.
class Inbox {
 public:
  std::span<std::uint8_t> room() {
    octets_.resize(filled_ + kAtOnce);
    return std::span(octets_).subspan(filled_);
  }
  void add(std::size_t octets) { filled_ += octets; }
  // The next whole message, or nothing.
  std::optional<std::span<const std::uint8_t>> next() {
    if (filled_ - at_ < kLength) return std::nullopt;
    const std::size_t length = octets_[at_] * 256U + octets_[at_ + 1];
    if (filled_ - at_ < kLength + length) return std::nullopt;
    const auto message = std::span<const std::uint8_t>(octets_).subspan(at_ + kLength, length);
    at_ += kLength + length;
    return message;
  }
  // Behind the last next(): what is answered goes.
  void forget() {
    std::memmove(octets_.data(), octets_.data() + at_, filled_ - at_);
    filled_ -= at_;
    at_ = 0;
  }

 private:
  std::vector<std::uint8_t> octets_;
  std::size_t at_ = 0, filled_ = 0;
};

// All whole messages, as far as their answers are not too many.
void answer_all(Inbox& inbox, Responder& responder, std::vector<std::uint8_t>& out) {
  static thread_local Sheet<kMaxMessageOctets> sheet;  // of one thread, and not used across a wait
  const std::shared_ptr<const Zone> zone = responder.newest();
  while (out.size() < kAnswersOctets) {
    const auto message = inbox.next();
    if (!message) break;
    std::memcpy(sheet.octets, message->data(), message->size());
    const std::size_t length = responder.answer(sheet.octets, message->size(), zone.get(), Transport::tcp);
    if (length == 0) continue;
    out.push_back(static_cast<std::uint8_t>(length >> 8));
    out.push_back(static_cast<std::uint8_t>(length));
    out.insert(out.end(), sheet.octets, sheet.octets + length);
  }
  inbox.forget();
}

}  // namespace

bool TcpConnections::take(const std::shared_ptr<Socket>& socket, const asio::ip::address& from) {
  if (open_.size() >= limits_.connections || from_[from] >= limits_.from_one) {
    if (from_[from] == 0) from_.erase(from);
    return false;
  }
  open_.emplace(socket.get(), socket);
  ++from_[from];
  return true;
}

void TcpConnections::leave(const std::shared_ptr<Socket>& socket, const asio::ip::address& from) {
  open_.erase(socket.get());
  if (--from_[from] == 0) from_.erase(from);
}

void TcpConnections::close() {
  for (const auto& [address, weak] : open_) {
    boost::system::error_code ignored;
    if (const auto socket = weak.lock()) (void)socket->close(ignored);
  }
}

asio::awaitable<void> TcpConnections::serve(std::shared_ptr<TcpConnections> all,
                                            std::shared_ptr<tcp::acceptor> acceptor) {
  while (acceptor->is_open()) {
    boost::system::error_code error;
    auto socket = std::make_shared<Socket>(acceptor->get_executor());
    tcp::endpoint from;
    co_await acceptor->async_accept(*socket, from, asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor->is_open()) co_return;
    if (error) {
      all->responder_->add(&Counters::receive_errors);
      asio::steady_timer later(acceptor->get_executor(), kAfterError);
      co_await later.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (!all->take(socket, from.address())) {
      all->responder_->add(&Counters::tcp_refused);
      continue;  // closed
    }
    all->responder_->add(&Counters::tcp_connections);
    (void)socket->set_option(tcp::no_delay(true), error);  // answers are written together already
    asio::co_spawn(acceptor->get_executor(), talk(all, socket, from.address()), asio::detached);
  }
}

asio::awaitable<void> TcpConnections::talk(std::shared_ptr<TcpConnections> all,
                                           std::shared_ptr<Socket> socket, asio::ip::address from) {
  const auto patience = std::make_shared<asio::steady_timer>(socket->get_executor());
  const auto wait = [all, patience, weak = std::weak_ptr(socket)] {
    patience->expires_after(all->limits_.idle);
    patience->async_wait([all, patience, weak](const boost::system::error_code& error) {
      const auto idle = weak.lock();
      if (error || !idle) return;
      boost::system::error_code ignored;
      (void)idle->close(ignored);
      all->responder_->add(&Counters::tcp_idle);
    });
  };
  Inbox inbox;
  std::vector<std::uint8_t> out;
  boost::system::error_code error;
  while (!error && socket->is_open()) {
    wait();
    const std::size_t got = co_await socket->async_read_some(
        asio::buffer(inbox.room().data(), kAtOnce), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    inbox.add(got);
    do {
      out.clear();
      answer_all(inbox, *all->responder_, out);
      wait();
      if (!out.empty())
        co_await asio::async_write(*socket, asio::buffer(out),
                                   asio::redirect_error(asio::use_awaitable, error));
    } while (!error && out.size() >= kAnswersOctets);
  }
  patience->cancel();
  all->leave(socket, from);
}

}  // namespace fairlead::dns
