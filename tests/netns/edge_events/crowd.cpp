// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge_events/crowd.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = 80;
constexpr std::uint64_t kOfServers = 1ULL << 32;
constexpr std::size_t kAtOnce = 100;  // flows that ask in one beat of the loop
constexpr int kBeatMs = 5;
constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kAgain = std::chrono::milliseconds(400);
using Question = std::array<std::uint32_t, 2>;  // flow, round
using Answer = std::array<std::uint32_t, 3>;    // and the server

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

sockaddr_in service() {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(kPort);
  ::inet_pton(AF_INET, EdgePair::kVip, &to.sin_addr);
  return to;
}

Fd made(bool tcp) {
  Fd fd(::socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  check(static_cast<bool>(fd), "socket");
  const int one = 1;
  if (tcp) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

template <class T>
const sockaddr* any(const T& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Crowd::Crowd(EdgePair& pair, int connections, int datagram_flows)
    : pair_(pair), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
  rlimit many{};
  ::getrlimit(RLIMIT_NOFILE, &many);
  many.rlim_cur = many.rlim_max;
  check(::setrlimit(RLIMIT_NOFILE, &many) == 0, "setrlimit");
  open_servers();
  flows_.resize(static_cast<std::size_t>(connections + datagram_flows));
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    flows_[i].tcp = i < static_cast<std::size_t>(connections);
    flows_[i].over = true;
  }
  thread_ = std::thread([this] { run(); });
}

Crowd::~Crowd() {
  stop_ = true;
  thread_.join();
}

void Crowd::open_servers() {
  const sockaddr_in address = service();
  for (int k = 1; k <= EdgePair::kServers; ++k)
    pair_.lab().inside(EdgePair::server(k), [&] {
      for (const bool tcp : {true, false}) {
        End end{k, tcp ? End::Kind::listener : End::Kind::datagrams, made(tcp)};
        check(::bind(end.fd.get(), any(address), sizeof address) == 0, "bind");
        if (tcp) check(::listen(end.fd.get(), 4096) == 0, "listen");
        watch(end.fd.get(), kOfServers | ends_.size());
        ends_.push_back(std::move(end));
      }
    });
}

void Crowd::watch(int fd, std::uint64_t what) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = what}};
  check(::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

int Crowd::retire() {
  const std::lock_guard lock(mutex_);
  int retired = 0;
  for (Flow& flow : flows_) {
    if (flow.over || !flow.behind) continue;
    flow.over = true;
    flow.fd.reset();
    ++retired;
  }
  return retired;
}

bool Crowd::renew() {
  const std::lock_guard lock(mutex_);
  bool any = false;
  pair_.lab().inside("client", [&] {
    for (Flow& flow : flows_) {
      if (!flow.over) continue;
      open(flow);
      any = true;
    }
  });
  return any;
}

void Crowd::open(Flow& flow) {
  flow.fd = made(flow.tcp);
  const sockaddr_in to = service();
  check(::connect(flow.fd.get(), any(to), sizeof to) == 0 || errno == EINPROGRESS, "connect");
  flow.server = 0;
  flow.over = false;
  flow.behind = changed_;
  flow.asked = flow.answered = round_;
  watch(flow.fd.get(), static_cast<std::uint64_t>(&flow - flows_.data()));
}

void Crowd::run() {
  std::array<epoll_event, 512> events{};
  while (!stop_) {
    const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), kBeatMs);
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t what = events.at(static_cast<std::size_t>(i)).data.u64;
      if (what & kOfServers)
        serve(what & ~kOfServers);
      else
        hear(what);
    }
    ask();
  }
}

// A round begins when every flow of the one before was answered: traffic never ends.
void Crowd::ask() {
  static thread_local Clock::time_point last;
  const auto now = Clock::now();
  if (now - last < std::chrono::milliseconds(kBeatMs)) return;
  last = now;
  bool all = next_ == flows_.size();
  for (std::size_t i = 0; i < next_; ++i) {
    Flow& flow = flows_[i];
    if (flow.over || flow.answered == flow.asked) continue;
    all = false;
    if (now - flow.since > kPatience)
      ends(flow, "no answer");
    else if (!flow.tcp && now - flow.sent > kAgain) {
      ++tally_.repeated;
      flow.sent = now;
      send(flow, i);
    }
  }
  if (all) {
    ++round_;
    next_ = 0;
  }
  for (std::size_t i = 0; i < kAtOnce && next_ < flows_.size(); ++i) ask(next_++);
}

void Crowd::ask(std::size_t number) {
  Flow& flow = flows_[number];
  if (flow.over) return;
  flow.asked = round_;
  flow.since = flow.sent = Clock::now();
  if (flow.tcp && flow.server == 0) {  // it may still connect: then it asks as soon as it can
    epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u64 = number}};
    ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, flow.fd.get(), &event);
    return;
  }
  send(flow, number);
}

void Crowd::send(const Flow& flow, std::size_t number) {
  const Question question{static_cast<std::uint32_t>(number), flow.asked};
  // What is refused here is told by what comes, or by nothing coming.
  [[maybe_unused]] const auto sent = ::send(flow.fd.get(), question.data(), sizeof question, MSG_NOSIGNAL);
}

void Crowd::hear(std::size_t number) {
  Flow& flow = flows_[number];
  if (flow.over) return;
  Answer answer{};
  const auto got = ::recv(flow.fd.get(), answer.data(), sizeof answer, 0);
  if (got == static_cast<ssize_t>(sizeof answer)) return heard(flow, answer.data());
  if (got < 0 && errno == EAGAIN) {  // connected
    epoll_event event{.events = EPOLLIN, .data = {.u64 = number}};
    ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, flow.fd.get(), &event);
    if (flow.asked != flow.answered) send(flow, number);
    return;
  }
  if (got < 0 && !flow.tcp) return;  // refused by a port: it asks again
  ends(flow, got == 0 ? "closed" : got < 0 ? std::strerror(errno) : "an answer in pieces");
}

void Crowd::heard(Flow& flow, const std::uint32_t* words) {
  if (words[1] != flow.asked || flow.answered == flow.asked) return;  // of a datagram sent twice
  ++tally_.answers;
  flow.answered = flow.asked;
  const int now = static_cast<int>(words[2]), was = std::exchange(flow.server, now);
  if (was == 0 || was == now) return;
  flow.behind = true;
  const auto at = static_cast<std::size_t>(was);
  if (!present_[at])
    ++tally_.ended;
  else if (!flow.tcp && drained_[at])
    ++tally_.left;
  else {
    ++tally_.misdelivered;
    wrong(flow, "answered by s" + std::to_string(now) + ", of s" + std::to_string(was));
  }
}

void Crowd::ends(Flow& flow, const std::string& why) {
  flow.over = true;
  flow.fd.reset();
  if (flow.server != 0 && !present_[static_cast<std::size_t>(flow.server)]) {
    ++tally_.ended;
    return;
  }
  ++tally_.broken;
  wrong(flow, why + ", of s" + std::to_string(flow.server));
}

void Crowd::wrong(const Flow& flow, const std::string& what) {
  if (tally_.first.empty())
    tally_.first = std::string(flow.tcp ? "tcp " : "udp ") + std::to_string(&flow - flows_.data()) +
                   ", round " + std::to_string(round_) + ": " + what;
}

void Crowd::serve(std::size_t number) {
  const int server = ends_[number].server, fd = ends_[number].fd.get();
  if (fd < 0) return;
  if (ends_[number].kind == End::Kind::listener) {
    Fd taken(::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!taken) return;
    watch(taken.get(), kOfServers | ends_.size());
    ends_.push_back({server, End::Kind::connection, std::move(taken)});
    return;
  }
  Answer answer{};
  sockaddr_in from{};
  socklen_t length = sizeof from;
  const auto got =
      ::recvfrom(fd, answer.data(), sizeof(Question), 0, reinterpret_cast<sockaddr*>(&from), &length);
  answer[2] = static_cast<std::uint32_t>(server);
  const bool connection = ends_[number].kind == End::Kind::connection;
  if (got == static_cast<ssize_t>(sizeof(Question)))
    ::sendto(fd, answer.data(), sizeof answer, MSG_NOSIGNAL, connection ? nullptr : any(from),
             connection ? 0 : length);
  else if (connection && (got >= 0 || errno != EAGAIN))
    ends_[number].fd.reset();
}

void Crowd::round() {
  std::uint32_t wanted = 0;
  {
    const std::lock_guard lock(mutex_);
    wanted = round_ + 2;  // the running one, and a whole one
  }
  const auto done = [&] {
    const std::lock_guard lock(mutex_);
    return round_ >= wanted;
  };
  if (!eventually(done, 4 * kPatience)) throw std::runtime_error("the crowd's rounds do not end");
}

void Crowd::gone(const Members& before, const Members& now) {
  const std::lock_guard lock(mutex_);
  changed_ |= !before.empty() && before != now;
  for (int k = 1; k <= EdgePair::kServers; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const auto member = now.find(k), was = before.find(k);
    present_[at] = member != now.end();
    // Back from a drain: until both edges know, datagrams may still leave it.
    drained_[at] =
        (member != now.end() && member->second.drained) || (was != before.end() && was->second.drained);
  }
}

void Crowd::forget_server(int number) {
  const std::lock_guard lock(mutex_);
  for (End& end : ends_)
    if (end.server == number && end.kind == End::Kind::connection) end.fd.reset();
}

long Crowd::flows_of(int server) {
  const std::lock_guard lock(mutex_);
  return std::ranges::count_if(flows_, [=](const Flow& f) { return !f.over && f.server == server; });
}

Tally Crowd::tally() {
  const std::lock_guard lock(mutex_);
  return tally_;
}

}  // namespace fairlead::test
