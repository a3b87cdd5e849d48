// SPDX-License-Identifier: Apache-2.0
// Where the server listens: the Unix socket as a file with an owner, and TCP.
// A stale socket file is replaced only when nobody answers on it, and only our
// own file is removed again.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <memory>
#include <string>
#include <sys/types.h>

#include "control/net/server.h"

namespace fairlead::net {

class UnixListener {
 public:
  static Result<std::unique_ptr<UnixListener>> open(boost::asio::any_io_executor executor, std::string path);
  ~UnixListener();  // removes the file if it is still ours

  boost::asio::local::stream_protocol::acceptor& acceptor() { return acceptor_; }

 private:
  UnixListener(boost::asio::any_io_executor executor, std::string path)
      : acceptor_(std::move(executor)), path_(std::move(path)) {}

  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

Result<boost::asio::ip::tcp::acceptor> listen_tcp(boost::asio::any_io_executor executor,
                                                  const TcpEndpoint& endpoint);
TcpEndpoint endpoint_of(const boost::asio::ip::tcp::endpoint& from);

// Who is at the other end.
Principal principal_of_unix(int fd);
Principal principal_of_tcp(const boost::asio::ip::tcp::socket& socket);

}  // namespace fairlead::net
