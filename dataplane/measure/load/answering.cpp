// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/load/answering.h"

#include <algorithm>
#include <cerrno>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/net/socket_address.h"

namespace fairlead::measure {
namespace {

constexpr int kEvents = 256;
constexpr int kAtOnce = 64;  // of one descriptor, before the others get their turn
constexpr int kBacklog = 4096;

Result<Fd> bound(const Listen& on, int type) {
  const SocketAddress address = socket_address(on.address, on.port);
  Fd fd(::socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (!fd || ::bind(fd.get(), address.get(), address.size) != 0 ||
      (type == SOCK_STREAM && ::listen(fd.get(), kBacklog) != 0))
    return std::unexpected(os_error(errno, "listen on " + format(on.address) + ":" + std::to_string(on.port),
                                    "name a free port on an address of this machine"));
  return fd;
}

// Both sockets, made in the address's namespace by a thread that ends there.
Result<std::array<Fd, 2>> sockets_for(const Listen& on) {
  Result<std::array<Fd, 2>> made;
  std::thread([&] {
    if (Result<> in = enter({on.netns, {}}, 0); !in) {
      made = std::unexpected(in.error());
      return;
    }
    Result<Fd> stream = bound(on, SOCK_STREAM);
    Result<Fd> datagram = bound(on, SOCK_DGRAM);
    if (!stream || !datagram)
      made = std::unexpected(!stream ? stream.error() : datagram.error());
    else
      made = std::array<Fd, 2>{std::move(*stream), std::move(*datagram)};
  }).join();
  return made;
}

}  // namespace

Result<std::unique_ptr<Answering>> Answering::open(int stop) {
  std::unique_ptr<Answering> made(new Answering);
  made->epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  made->stop_ = stop;
  epoll_event event{.events = EPOLLIN, .data = {.fd = stop}};
  if (!made->epoll_ || ::epoll_ctl(made->epoll_.get(), EPOLL_CTL_ADD, stop, &event) != 0)
    return std::unexpected(os_error(errno, "epoll"));
  return made;
}

Result<> Answering::listen(const Listen& on) {
  FL_TRY(auto sockets, sockets_for(on));
  for (const auto kind : {Peer::Kind::listener, Peer::Kind::datagrams}) {
    auto peer = std::make_unique<Peer>();
    peer->kind = kind;
    peer->fd = std::move(sockets[kind == Peer::Kind::listener ? 0 : 1]);
    peer->server = on.server;
    FL_TRY_OK(add(std::move(peer)));
  }
  return {};
}

Result<> Answering::add(std::unique_ptr<Peer> peer) {
  const int fd = peer->fd.get();
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return std::unexpected(os_error(errno, "epoll"));
  peers_[fd] = std::move(peer);
  return {};
}

void Answering::run() {
  thread = ::gettid();
  thread.notify_all();
  for (;;) {
    epoll_event events[kEvents];
    const int n = ::epoll_wait(epoll_.get(), events, kEvents, -1);
    for (int i = 0; i < n; ++i) {
      if (events[i].data.fd == stop_) return;
      const auto found = peers_.find(events[i].data.fd);
      if (found == peers_.end()) continue;
      Peer& peer = *found->second;
      if (peer.kind == Peer::Kind::listener)
        accept(peer);
      else if (peer.kind == Peer::Kind::datagrams)
        answer_datagrams(peer);
      else if (!serve(peer))
        peers_.erase(found);
    }
  }
}

void Answering::accept(Peer& listener) {
  for (int i = 0; i < kAtOnce; ++i) {
    auto peer = std::make_unique<Peer>();
    peer->fd = Fd(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!peer->fd) return;
    const int on = 1;
    ::setsockopt(peer->fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peer->kind = Peer::Kind::connection;
    peer->server = listener.server;
    if (peers_.size() < kMostConnections) static_cast<void>(add(std::move(peer)));
  }
}

void Answering::answer_datagrams(Peer& peer) {
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t n =
        ::recvfrom(peer.fd.get(), in_.data(), in_.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0) return;
    auto head = n >= static_cast<ssize_t>(kHeaderBytes) ? decode(in_.data()) : std::nullopt;
    if (!head || head->what != What::echo || head->length != static_cast<std::size_t>(n)) continue;
    requests.fetch_add(1, std::memory_order_relaxed);
    head->server = peer.server;
    encode(*head, in_.data());
    ::sendto(peer.fd.get(), in_.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&from), size);
  }
}

bool Answering::serve(Peer& peer) {
  for (int i = 0; i < kAtOnce; ++i) {
    const ssize_t n = ::recv(peer.fd.get(), in_.data(), in_.size(), 0);
    if (n < 0) return errno == EAGAIN;
    if (n == 0) {
      if (peer.sinking) confirm(peer);
      return false;
    }
    if (peer.sinking)
      peer.sunk += static_cast<std::uint64_t>(n);
    else if (!answer_messages(peer, in_.data(), static_cast<std::size_t>(n)))
      return false;
    if (static_cast<std::size_t>(n) < in_.size()) return true;
  }
  return true;
}

bool Answering::answer_messages(Peer& peer, const std::byte* data, std::size_t size) {
  while (size > 0) {
    const std::size_t wanted = peer.have < kHeaderBytes ? kHeaderBytes : decode(peer.part.data())->length;
    const std::size_t taken = std::min(size, wanted - peer.have);
    std::copy_n(data, taken, peer.part.data() + peer.have);
    peer.have += taken;
    data += taken;
    size -= taken;
    if (peer.have < kHeaderBytes) return true;
    const std::optional<Message> head = decode(peer.part.data());
    if (!head) return false;
    if (head->what == What::sink) {
      requests.fetch_add(1, std::memory_order_relaxed);
      peer.sinking = true;
      peer.sunk = size;
      return true;
    }
    if (peer.have < head->length) continue;
    peer.have = 0;
    if (!answer(peer, peer.part.data(), *head)) return false;
  }
  return true;
}

// An answer that does not fit into the socket's buffer is that of a client who asks on without listening.
bool Answering::answer(Peer& peer, std::byte* message, const Message& head) {
  requests.fetch_add(1, std::memory_order_relaxed);
  Message ours = head;
  ours.server = peer.server;
  encode(ours, message);
  const ssize_t n = ::send(peer.fd.get(), message, head.length, MSG_NOSIGNAL);
  return n == static_cast<ssize_t>(head.length) && head.what != What::echo_close;
}

void Answering::confirm(Peer& peer) {
  std::array<std::byte, kHeaderBytes> word{};
  encode(
      {.length = kHeaderBytes, .sequence = peer.sunk, .flow = 0, .server = peer.server, .what = What::sink},
      word.data());
  ::send(peer.fd.get(), word.data(), word.size(), MSG_NOSIGNAL);
}

}  // namespace fairlead::measure
