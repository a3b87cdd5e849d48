// SPDX-License-Identifier: Apache-2.0
// Queries by TCP (RFC 7766, 9210): several may come before the first is
// answered, and are answered in their order by as few writes; a connection that
// is idle is closed, and there is a bound of them, in all and from one address.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <memory>

#include "control/dns/server/responder.h"

namespace fairlead::dns {

// The connections of a server, on all of its addresses.
class TcpConnections {
 public:
  TcpConnections(std::shared_ptr<Responder> responder, TcpLimits limits)
      : responder_(std::move(responder)), limits_(limits) {}

  // Ends when the acceptor is closed.
  static boost::asio::awaitable<void> serve(std::shared_ptr<TcpConnections> all,
                                            std::shared_ptr<boost::asio::ip::tcp::acceptor> acceptor);
  void close();

 private:
  using Socket = boost::asio::ip::tcp::socket;
  static boost::asio::awaitable<void> talk(std::shared_ptr<TcpConnections> all,
                                           std::shared_ptr<Socket> socket, boost::asio::ip::address from);
  bool take(const std::shared_ptr<Socket>& socket, const boost::asio::ip::address& from);
  void leave(const std::shared_ptr<Socket>& socket, const boost::asio::ip::address& from);

  std::shared_ptr<Responder> responder_;
  TcpLimits limits_;
  std::map<const Socket*, std::weak_ptr<Socket>> open_;
  std::map<boost::asio::ip::address, std::size_t> from_;
};

}  // namespace fairlead::dns
