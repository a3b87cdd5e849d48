// SPDX-License-Identifier: Apache-2.0
// Queries by UDP, many at a time: one system call takes what has come, one sends
// the answers, each of which stands in its query's place.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>

#include "control/dns/server/responder.h"

namespace fairlead::dns {

// Ends when the socket is closed.
boost::asio::awaitable<void> serve_udp(std::shared_ptr<Responder> responder,
                                       std::shared_ptr<boost::asio::ip::udp::socket> socket);

}  // namespace fairlead::dns
