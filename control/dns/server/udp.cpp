// SPDX-License-Identifier: Apache-2.0
#include "control/dns/server/udp.h"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <sys/socket.h>

namespace fairlead::dns {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kBurst = 32;
constexpr int kBursts = 8;                  // in a row, before others of this thread have their turn
constexpr std::size_t kQueryOctets = 4096;  // the rest of a larger one makes it malformed

// Room for one burst.
class Burst {
 public:
  Burst() {
    for (std::size_t i = 0; i < kBurst; ++i) {
      parts_[i] = {sheets_[i].octets, kQueryOctets};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &from_[i];
    }
  }

  // How many came; less than kBurst: there are no more now.
  std::size_t receive(int socket, Responder& responder) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      parts_[i].iov_len = kQueryOctets;
      messages_[i].msg_hdr.msg_namelen = sizeof from_[i];
    }
    const int got = ::recvmmsg(socket, messages_.data(), kBurst, MSG_DONTWAIT, nullptr);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) responder.add(&Counters::receive_errors);
    return 0;
  }

  void answer(int socket, std::size_t count, Responder& responder) {
    const std::shared_ptr<const Zone> zone = responder.newest();
    std::size_t replies = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t length =
          responder.answer(sheets_[i].octets, messages_[i].msg_len, zone.get(), Transport::udp);
      if (length == 0) continue;
      out_parts_[replies] = {sheets_[i].octets, length};
      out_[replies] = {};
      out_[replies].msg_hdr.msg_iov = &out_parts_[replies];
      out_[replies].msg_hdr.msg_iovlen = 1;
      out_[replies].msg_hdr.msg_name = &from_[i];
      out_[replies].msg_hdr.msg_namelen = messages_[i].msg_hdr.msg_namelen;
      ++replies;
    }
    send(socket, replies, responder);
  }

 private:
  // One that is not taken does not keep back those behind it.
  void send(int socket, std::size_t replies, Responder& responder) {
    for (std::size_t sent = 0; sent < replies;) {
      const int took = ::sendmmsg(socket, &out_[sent], static_cast<unsigned>(replies - sent), MSG_DONTWAIT);
      if (took <= 0) responder.add(&Counters::unsent);
      sent += took > 0 ? static_cast<std::size_t>(took) : 1;
    }
  }

  std::array<Sheet<kQueryOctets>, kBurst> sheets_;
  std::array<iovec, kBurst> parts_{}, out_parts_{};
  std::array<mmsghdr, kBurst> messages_{}, out_{};
  std::array<sockaddr_storage, kBurst> from_{};
};

}  // namespace

asio::awaitable<void> serve_udp(std::shared_ptr<Responder> responder,
                                std::shared_ptr<asio::ip::udp::socket> socket) {
  const auto burst = std::make_unique<Burst>();
  while (socket->is_open()) {
    boost::system::error_code error;
    co_await socket->async_wait(asio::ip::udp::socket::wait_read,
                                asio::redirect_error(asio::use_awaitable, error));
    if (!socket->is_open()) co_return;
    const int fd = socket->native_handle();
    std::size_t got = kBurst;
    for (int i = 0; i < kBursts && got == kBurst; ++i) {
      got = burst->receive(fd, *responder);
      burst->answer(fd, got, *responder);
    }
  }
}

}  // namespace fairlead::dns
