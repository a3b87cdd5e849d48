// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/network/probe.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>

#include "base/io/clock.h"
#include "base/io/fd.h"
#include "base/net/socket_address.h"

namespace fairlead::runtime {
namespace {

constexpr std::int64_t kLook = 100;  // ms between two looks at the stop

// One attempt against its deadline; each step gives the reason why it failed.
class Attempt {
 public:
  Attempt(Millis timeout, const std::stop_token& stop)
      : timeout_(timeout), deadline_(mono_now() + timeout), stop_(stop) {}

  std::optional<std::string> connect(const IpAddress& address, std::uint16_t port) {
    const SocketAddress peer = socket_address(address, port);
    socket_ = Fd(::socket(peer.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return std::strerror(errno);
    if (::connect(socket_.get(), peer.get(), peer.size) == 0) return std::nullopt;
    if (errno != EINPROGRESS) return describe(errno);
    if (auto late = wait(POLLOUT)) return late;
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    return code == 0 ? std::nullopt : std::optional(describe(code));
  }

  std::optional<std::string> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
      if (n < 0 && errno != EAGAIN && errno != EINTR) return describe(errno);
      if (n < 0)
        if (auto late = wait(POLLOUT)) return late;
    }
    return std::nullopt;
  }

  // Up to the end of the first line.
  std::optional<std::string> receive_line(std::string& line) {
    char chunk[kMaxStatusLine];
    while (!line.contains('\n') && line.size() < kMaxStatusLine) {
      if (auto late = wait(POLLIN)) return late;
      const ssize_t n = ::recv(socket_.get(), chunk, sizeof chunk, 0);
      if (n == 0) break;
      if (n < 0 && errno != EAGAIN && errno != EINTR) return describe(errno);
      if (n > 0) line.append(chunk, static_cast<std::size_t>(n));
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> wait(short events) {
    for (;;) {
      pollfd polled{socket_.get(), events, 0};
      const std::int64_t left = (deadline_ - mono_now()).count();
      if (left <= 0) return "no answer in " + format_duration(timeout_);
      if (stop_.stop_requested()) return "stopped";
      const int ready = ::poll(&polled, 1, static_cast<int>(std::min(left, kLook)));
      if (ready > 0) return std::nullopt;
      if (ready < 0 && errno != EINTR) return describe(errno);
    }
  }
  static std::string describe(int code) { return probe_failure(std::strerror(code)); }

  Millis timeout_;
  MonoTime deadline_;
  std::stop_token stop_;
  Fd socket_;
};

}  // namespace

ProbeResult probe(Probe::Type type, const IpAddress& address, std::uint16_t port, const std::string& path,
                  Millis timeout, const std::stop_token& stop) {
  Attempt attempt(timeout, stop);
  if (auto reason = attempt.connect(address, port)) return {false, *reason};
  if (type == Probe::Type::tcp) return {true, ""};
  if (!is_probe_path(path)) return {false, "the probe's path is not one"};
  if (auto reason = attempt.send(probe_request(address, port, path))) return {false, *reason};
  std::string line;
  if (auto reason = attempt.receive_line(line)) return {false, *reason};
  return judge_status_line(line);
}

}  // namespace fairlead::runtime
