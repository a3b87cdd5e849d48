// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/load/bulk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>

#include "base/io/clock.h"
#include "base/net/socket_address.h"
#include "dataplane/measure/load/message.h"

namespace fairlead::measure {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr time_t kConnectSeconds = 5;
constexpr std::uint64_t kConfirmNs = 3'000'000'000;

// Blocking: connected and the header sent, or why not.
Result<Fd> begin(const LoadSpec& spec) {
  const SocketAddress to = socket_address(spec.to, spec.port);
  Fd fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{kConnectSeconds, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  std::array<std::byte, kHeaderBytes> head{};
  encode({.length = kHeaderBytes, .sequence = 0, .flow = 0, .server = 0, .what = What::sink}, head.data());
  if (!fd || ::connect(fd.get(), to.get(), to.size) != 0 ||
      ::send(fd.get(), head.data(), head.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(head.size()))
    return std::unexpected(os_error(errno, format(spec.to) + ":" + std::to_string(spec.port)));
  return fd;
}

}  // namespace

Result<unsigned> Bulk::open() {
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  const unsigned all = std::min(spec_.flows, kMostStreams);
  streams_.resize(all / spec_.workers + (index_ < all % spec_.workers ? 1 : 0));
  for (Stream& stream : streams_) {
    Result<Fd> fd = begin(spec_);
    if (!fd) {
      ++sample_.failed[static_cast<std::size_t>(Failed::refused)];
      continue;
    }
    stream.fd = std::move(*fd);
    ++open_;
  }
  return open_;
}

void Bulk::run(std::uint64_t start_ns, const std::stop_token& stop) {
  const ThreadTime before = thread_time();
  const std::uint64_t end_ns = start_ns + spec_.time_ns;
  for (Stream& stream : streams_) {
    epoll_event event{.events = EPOLLOUT, .data = {}};
    event.data.ptr = &stream;
    if (stream.fd) ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stream.fd.get(), &event);
  }
  bool ending = false;
  std::uint64_t last = end_ns;
  for (std::uint64_t now = mono_ns(); now < last && open_ > 0; now = mono_ns()) {
    epoll_event events[kMostStreams];
    const int n = ::epoll_wait(epoll_.get(), events, kMostStreams, 20);
    for (int i = 0; i < n; ++i) {
      auto& stream = *static_cast<Stream*>(events[i].data.ptr);
      stream.waiting ? hear(stream) : send(stream);
    }
    if (!ending && (mono_ns() >= end_ns || stop.stop_requested())) {
      ending = true;
      last = mono_ns() + kConfirmNs;
      for (Stream& stream : streams_)
        if (stream.fd) end(stream);
    }
  }
  for (Stream& stream : streams_)
    if (stream.fd) fail(stream, Failed::timeout);
  sample_.time_ns = mono_ns() - start_ns;
  sample_.in_time = sample_.answered;
  account(sample_, before, sample_.time_ns);
}

void Bulk::send(Stream& stream) {
  static const std::array<std::byte, kChunk> kData{};
  const ssize_t n = ::send(stream.fd.get(), kData.data(), kData.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n >= 0)
    stream.sent += static_cast<std::uint64_t>(n);
  else if (errno != EAGAIN)
    fail(stream, Failed::reset);
}

void Bulk::end(Stream& stream) {
  sample_.asked += stream.sent;
  stream.waiting = true;
  epoll_event event{.events = EPOLLIN, .data = {}};
  event.data.ptr = &stream;
  if (::shutdown(stream.fd.get(), SHUT_WR) != 0 ||
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, stream.fd.get(), &event) != 0)
    fail(stream, Failed::reset);
}

void Bulk::hear(Stream& stream) {
  std::array<std::byte, kHeaderBytes> head{};
  const ssize_t n = ::recv(stream.fd.get(), head.data(), head.size(), MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  const auto word = n == static_cast<ssize_t>(head.size()) ? decode(head.data()) : std::nullopt;
  if (!word || word->what != What::sink || word->sequence != stream.sent)
    return fail(stream, n <= 0 ? Failed::reset : Failed::corrupt);
  sample_.answered += word->sequence;
  ++sample_.flows[word->server];
  stream.fd.reset();
  --open_;
}

void Bulk::fail(Stream& stream, Failed why) {
  ++sample_.failed[static_cast<std::size_t>(why)];
  stream.fd.reset();
  --open_;
}

}  // namespace fairlead::measure
