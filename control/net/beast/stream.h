// SPDX-License-Identifier: Apache-2.0
// Stream: the one kind of connection below HTTP and WebSocket, whatever it
// runs over, with a deadline for what is pending. Every Stream comes from
// make_stream(): the place where TLS will be put around the socket. This
// header costs 10 s to compile: three files of this folder include it.
#pragma once

#include <boost/beast/core/basic_stream.hpp>
#include <utility>

#include "control/net/beast/socket.h"

namespace fairlead::net {

namespace beast = boost::beast;

using Stream = beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::any_io_executor>;

inline Stream make_stream(Socket socket) { return Stream(std::move(socket)); }

}  // namespace fairlead::net
