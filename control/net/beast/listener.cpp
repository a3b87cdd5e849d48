// SPDX-License-Identifier: Apache-2.0
#include "control/net/beast/listener.h"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io/fd.h"

namespace fairlead::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kBacklog = 256;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool somebody_answers(const std::string& path) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_of(path);
  const int done = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return done == 0 || errno == EAGAIN;  // EAGAIN: its backlog is full
}

Result<> make_way(const std::string& path) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return fail(Code::exists, path, "exists and is no socket", "name another path for the socket");
  if (somebody_answers(path))
    return fail(Code::exists, path, "another program answers there",
                "stop it, or name another path for the socket");
  if (::unlink(path.c_str()) != 0) return std::unexpected(os_error(errno, path, "remove the stale socket"));
  return {};
}

IpAddress address_of(const asio::ip::address& from) {
  if (from.is_v4()) return IpAddress::v4(from.to_v4().to_uint());
  IpAddress out;
  const auto bytes = from.to_v6().to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

asio::ip::address to_asio(const IpAddress& from) {
  if (from.is_v4()) return asio::ip::address_v4(from.v4_host_order());
  asio::ip::address_v6::bytes_type bytes;
  std::copy(from.bytes.begin(), from.bytes.end(), bytes.begin());
  return asio::ip::address_v6(bytes);
}

}  // namespace

Result<std::unique_ptr<UnixListener>> UnixListener::open(asio::any_io_executor executor, std::string path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return fail(Code::invalid, path, "is too long for a Unix socket (107 bytes)", "name a shorter path");
  FL_TRY_OK(make_way(path));
  std::unique_ptr<UnixListener> made(new UnixListener(std::move(executor), path));
  error_code error;
  made->acceptor_.open(asio::local::stream_protocol(), error);
  // Before bind, so that there is no moment at which others could connect.
  if (!error && ::fchmod(made->acceptor_.native_handle(), 0600) != 0)
    return std::unexpected(os_error(errno, path));
  if (!error) made->acceptor_.bind(path, error);
  if (error) return fail(Code::io, path, error.message(), "check that the folder exists and is writable");
  struct stat ours{};
  if (::lstat(path.c_str(), &ours) != 0) return std::unexpected(os_error(errno, path));
  made->device_ = ours.st_dev;
  made->inode_ = ours.st_ino;
  made->acceptor_.listen(kBacklog, error);
  if (error) return fail(Code::io, path, error.message());
  return made;
}

UnixListener::~UnixListener() {
  struct stat found{};
  if (inode_ == 0 || ::lstat(path_.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
}

Result<tcp::acceptor> listen_tcp(asio::any_io_executor executor, const TcpEndpoint& endpoint) {
  const tcp::endpoint at(to_asio(endpoint.address), endpoint.port);
  tcp::acceptor acceptor(std::move(executor));
  error_code error;
  acceptor.open(at.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && at.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(at, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error)
    return fail(Code::io, format(endpoint), error.message(),
                "listen at an address and port of this machine that is free");
  return acceptor;
}

TcpEndpoint endpoint_of(const tcp::endpoint& from) { return {address_of(from.address()), from.port()}; }

Principal principal_of_unix(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return {Principal::Type::stranger, 0, "a Unix socket whose peer is unknown"};
  return {Principal::Type::local, peer.uid, "uid " + std::to_string(peer.uid)};
}

Principal principal_of_tcp(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  return {Principal::Type::stranger, 0, error ? "a TCP peer that has gone" : format(endpoint_of(peer))};
}

}  // namespace fairlead::net
