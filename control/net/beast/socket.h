// SPDX-License-Identifier: Apache-2.0
// Socket: a connected stream socket of any family (Unix, TCP), so that there is
// one session, one WebSocket and one client. Everything above takes a Socket
// and nothing else: this is the type that TLS will widen. Errors are values:
// auto [error, bytes] = co_await socket.async_read_some(buffer, kAsTuple).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fairlead::net {

using Socket = boost::asio::generic::stream_protocol::socket;

inline constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace fairlead::net
