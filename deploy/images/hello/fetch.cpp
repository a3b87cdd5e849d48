// SPDX-License-Identifier: Apache-2.0
// Connects to the addresses of a name in the resolver's order until one takes
// the connection, as browsers and curl do.
#include "deploy/images/hello/fetch.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace fairlead::hello {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxAnswer = 1U << 20;

std::unexpected<Error> failed(std::string reason) { return fail(Code::unavailable, "", std::move(reason)); }
std::unexpected<Error> failed_call(int error) { return failed(std::strerror(error)); }

Result<> wait_for(int fd, short events, Clock::time_point end, const char* what) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  pollfd wait{fd, events, 0};
  if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0)
    return failed(std::string("timeout: ") + what);
  return {};
}

Result<Fd> connect_to(const addrinfo& address, Clock::time_point end) {
  Fd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failed_call(errno);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS) return failed_call(errno);
  FL_TRY_OK(wait_for(fd.get(), POLLOUT, end, "connect"));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return failed_call(error);
  return fd;
}

Result<Fd> dial(const Target& target, Clock::time_point end) {
  addrinfo hints{};
  hints.ai_family = target.family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  const int error = ::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &first);
  if (error != 0) return failed("name " + target.host + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(first, ::freeaddrinfo);
  Result<Fd> fd = failed("no address");
  for (const addrinfo* at = first; at != nullptr && !fd; at = at->ai_next) fd = connect_to(*at, end);
  return fd;
}

Result<> send_all(int fd, std::string_view bytes, Clock::time_point end) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      FL_TRY_OK(wait_for(fd, POLLOUT, end, "send"));
    } else {
      return failed_call(errno);
    }
  }
  return {};
}

// The number behind `name` in the head, or `otherwise`.
std::size_t number_after(std::string_view head, std::string_view name, std::size_t otherwise) {
  const auto at = head.find(name);
  if (at == std::string_view::npos) return otherwise;
  std::size_t value = otherwise;
  const std::string_view rest = head.substr(at + name.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

Result<Fetched> read_answer(int fd, Clock::time_point end) {
  std::string all;
  for (;;) {
    const auto head_end = all.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      const std::string_view head(all.data(), head_end);
      const std::size_t length = number_after(head, "Content-Length: ", 0);
      if (all.size() >= head_end + 4 + length) {
        return Fetched{.status = static_cast<int>(number_after(head, "HTTP/1.1 ", 0)),
                       .body = all.substr(head_end + 4, length),
                       .keeps = head.find("Connection: close") == std::string_view::npos};
      }
    }
    if (all.size() > kMaxAnswer) return failed("answer too large");
    FL_TRY_OK(wait_for(fd, POLLIN, end, "answer"));
    char bytes[4096];
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got == 0) return failed("closed before the answer was whole");
    if (got < 0 && errno != EAGAIN) return failed_call(errno);
    if (got > 0) all.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<Target> parse_url(std::string_view url) {
  const auto wrong = [whole = std::string(url)](const char* reason) {
    return fail(Code::invalid, whole, reason, "write http://HOST[:PORT][/PATH]");
  };
  if (!url.starts_with("http://")) return wrong("not an http URL");
  url.remove_prefix(7);
  Target target;
  const auto slash = url.find('/');
  if (slash != std::string_view::npos) target.path = url.substr(slash);
  std::string_view server = url.substr(0, slash);
  const auto colon = server.rfind(':');
  if (colon != std::string_view::npos && server.find(']', colon) == std::string_view::npos) {
    const std::string_view port = server.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (error != std::errc() || end != port.data() + port.size() || target.port == 0)
      return wrong("not a port");
    server = server.substr(0, colon);
  }
  if (server.starts_with('[') && server.ends_with(']')) server = server.substr(1, server.size() - 2);
  if (server.empty()) return wrong("no host");
  target.host = server;
  return target;
}

Result<Fetched> Client::get() {
  const auto end = Clock::now() + timeout_;
  Fd fd = std::move(kept_);
  if (!fd) {
    FL_TRY(fd, dial(target_, end));
  }
  const std::string request = "GET " + target_.path + " HTTP/1.1\r\nHost: " + target_.host +
                              (keep_alive_ ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
  FL_TRY_OK(send_all(fd.get(), request, end));
  FL_TRY(Fetched answer, read_answer(fd.get(), end));
  if (keep_alive_ && answer.keeps) kept_ = std::move(fd);
  return answer;
}

}  // namespace fairlead::hello
