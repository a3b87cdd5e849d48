// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/load/worker.h"

#include <algorithm>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "base/io/clock.h"

namespace fairlead::measure {
namespace {

constexpr std::uint64_t kSweepNs = 20'000'000;
constexpr std::uint64_t kOpenNs = 5'000'000'000;  // that the first connections may take
constexpr std::uint64_t kMostNoPort = 1000;
constexpr std::uint64_t kMostReopenings = 4;  // for each flow
constexpr int kEvents = 256;
constexpr std::size_t kStarts = 64;  // at once; then answers get their turn

std::size_t at(Failed why) { return static_cast<std::size_t>(why); }

}  // namespace

Worker::Worker(const LoadSpec& spec, unsigned index)
    : spec_(spec),
      index_(index),
      to_(socket_address(spec.to, spec.port)),
      out_(kMostBytes),
      in_(kMostBytes + 1) {
  const unsigned share = spec.flows / spec.workers + (index < spec.flows % spec.workers ? 1 : 0);
  flows_.resize(share);
  for (std::uint32_t i = 0; i < share; ++i) flows_[i].number = index + i * spec.workers;
}

bool Worker::begin_socket(Flow& flow) {
  const int type = (udp() ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  flow.fd = Fd(::socket(to_.storage.ss_family, type, 0));
  flow.done = 0;
  flow.part.clear();
  flow.server = -1;
  const int on = 1;
  if (!udp()) ::setsockopt(flow.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A connection that stays is reset at the sample's end: thousands that linger (TIME_WAIT) would take the
  // ports of the samples that follow, and finding one of the last free ports takes the kernel milliseconds.
  const linger none{1, 0};
  if (!connects()) ::setsockopt(flow.fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  if (!flow.fd || (::connect(flow.fd.get(), to_.get(), to_.size) != 0 && errno != EINPROGRESS)) return false;
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {}};
  event.data.u32 = static_cast<std::uint32_t>(&flow - flows_.data());
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, flow.fd.get(), &event) != 0) return false;
  flow.state = udp() ? State::idle : State::connecting;
  return true;
}

Result<unsigned> Worker::open() {
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return std::unexpected(os_error(errno, "epoll"));
  for (Flow& flow : flows_) {
    if (connects()) {
      flow.state = State::idle;
    } else if (!begin_socket(flow)) {
      if (errno == EMFILE)
        return fairlead::fail(Code::exhausted, std::to_string(spec_.flows) + " flows",
                              "are more than this process may have descriptors",
                              "ask for fewer --flows, or raise ulimit -n");
      fail_by(flow, errno);
    }
    if (flow.state == State::idle) idle_.push_back(static_cast<std::uint32_t>(&flow - flows_.data()));
  }
  const std::uint64_t limit = mono_ns() + kOpenNs;
  const auto opening = [](const Flow& flow) { return flow.state == State::connecting; };
  while (std::ranges::any_of(flows_, opening) && mono_ns() < limit) wait(mono_ns(), limit);
  return static_cast<unsigned>(idle_.size());
}

std::uint64_t Worker::due_of(std::uint64_t request) const {
  const double gap = 1e9 / spec_.rate;
  return start_ns_ +
         static_cast<std::uint64_t>((static_cast<double>(request * spec_.workers + index_)) * gap);
}

void Worker::run(std::uint64_t start_ns, const std::stop_token& stop) {
  start_ns_ = start_ns;
  end_ns_ = start_ns + spec_.time_ns;
  const ThreadTime before = thread_time();
  std::uint64_t now = mono_ns();
  while (now < end_ns_ && !stop.stop_requested() && !over_) {
    start_due(now);
    std::uint64_t until = std::min(end_ns_, now + kSweepNs);
    if (!idle_.empty()) until = std::min(until, spec_.rate > 0 ? due_of(next_) : now);
    wait(now, until);
    now = mono_ns();
  }
  sample_.time_ns = mono_ns() - start_ns;
  if (spec_.rate > 0 && !stop.stop_requested()) {
    start_due(end_ns_);  // due since the last look
    count_unsent(end_ns_);
  }
  const std::uint64_t last = now + spec_.patience_ns;
  while (under_way_ > 0 && now < last && !stop.stop_requested()) {
    wait(now, std::min(last, now + kSweepNs));
    now = mono_ns();
  }
  sweep(now + spec_.patience_ns);
  account(sample_, before, mono_ns() - start_ns);
}

void Worker::start_due(std::uint64_t now) {
  for (std::size_t left = std::min(idle_.size(), kStarts); left > 0; --left) {
    const std::uint64_t due = spec_.rate > 0 ? due_of(next_) : now;
    if (due > now || due >= end_ns_) return;
    Flow& flow = flows_[idle_.front()];
    idle_.pop_front();
    ++next_;
    start(flow, due, now);
    if (over_) return;
  }
}

void Worker::start(Flow& flow, std::uint64_t due_ns, std::uint64_t now) {
  flow.due_ns = due_ns;
  flow.asked_ns = now;
  flow.done = 0;
  ++flow.sequence;
  ++under_way_;
  ++sample_.asked;
  if (!connects()) {
    flow.state = State::sending;
    advance(flow);
  } else if (!begin_socket(flow)) {
    fail_by(flow, errno);
  }
}

void Worker::count_unsent(std::uint64_t end) {
  for (; due_of(next_) < end; ++next_) {
    ++sample_.asked;
    ++sample_.failed[at(Failed::unsent)];
    sample_.latency.add(end - due_of(next_));
  }
}

Message Worker::request_of(const Flow& flow) const {
  const What what = spec_.workload == Workload::tcp_crr ? What::echo_close : What::echo;
  return {spec_.bytes, flow.sequence, flow.number, 0, what};
}

// Edge-triggered: as far as the socket goes.
void Worker::advance(Flow& flow) {
  for (bool more = true; more;) switch (flow.state) {
      case State::connecting:
        more = connected(flow);
        break;
      case State::sending:
        more = send_request(flow);
        break;
      case State::receiving:
        more = udp() ? receive_datagram(flow) : receive(flow);
        break;
      case State::closing:
        more = false;
        if (const ssize_t n = ::recv(flow.fd.get(), in_.data(), in_.size(), 0); n == 0)
          answered(flow);
        else if (n > 0 || errno != EAGAIN)
          fail(flow, n > 0 ? Failed::corrupt : Failed::reset);
        break;
      case State::idle:
      case State::dead:
        more = false;
    }
}

bool Worker::connected(Flow& flow) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(flow.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    fail_by(flow, error);
    return false;
  }
  if (spec_.workload == Workload::tcp_connect) {
    answered(flow);
    return false;
  }
  flow.state = flow.due_ns != 0 ? State::sending : State::idle;
  if (flow.state == State::idle) idle_.push_back(static_cast<std::uint32_t>(&flow - flows_.data()));
  return flow.state == State::sending;
}

bool Worker::send_request(Flow& flow) {
  compose(request_of(flow), out_.data());
  const ssize_t n = ::send(flow.fd.get(), out_.data() + flow.done, spec_.bytes - flow.done, MSG_NOSIGNAL);
  if (n < 0) {
    if (errno != EAGAIN) fail_by(flow, errno);
    return false;
  }
  flow.done += static_cast<std::size_t>(n);
  if (flow.done == spec_.bytes) {
    flow.state = State::receiving;
    flow.done = 0;
  }
  return true;
}

bool Worker::receive(Flow& flow) {
  const ssize_t n = ::recv(flow.fd.get(), in_.data(), spec_.bytes - flow.part.size(), 0);
  if (n < 0) {
    if (errno != EAGAIN) fail_by(flow, errno);
    return false;
  }
  if (n == 0) {
    fail(flow, Failed::reset);
    return false;
  }
  if (static_cast<std::size_t>(n) == spec_.bytes) return accept_answer(flow);
  flow.part.insert(flow.part.end(), in_.begin(), in_.begin() + n);
  if (flow.part.size() < spec_.bytes) return true;
  std::ranges::copy(flow.part, in_.begin());
  flow.part.clear();
  return accept_answer(flow);
}

bool Worker::receive_datagram(Flow& flow) {
  const ssize_t n = ::recv(flow.fd.get(), in_.data(), in_.size(), 0);
  if (n < 0) {
    if (errno != EAGAIN) fail_by(flow, errno);
    return false;
  }
  const auto head = static_cast<std::size_t>(n) >= kHeaderBytes ? decode(in_.data()) : std::nullopt;
  if (head && head->sequence < flow.sequence) {
    ++sample_.late;
    return true;
  }
  if (static_cast<std::size_t>(n) != spec_.bytes) {
    fail(flow, Failed::corrupt);
    return false;
  }
  return accept_answer(flow);
}

bool Worker::accept_answer(Flow& flow) {
  const std::optional<std::uint16_t> server = answerer(request_of(flow), in_.data());
  if (!server) {
    fail(flow, Failed::corrupt);
    return false;
  }
  if (flow.server < 0) {
    flow.server = *server;
    ++sample_.flows[*server];
  } else if (flow.server != *server) {
    fail(flow, Failed::moved);
    return false;
  }
  if (spec_.workload == Workload::tcp_crr) {
    flow.state = State::closing;
    return true;
  }
  answered(flow);
  return false;
}

void Worker::answered(Flow& flow) {
  const std::uint64_t now = mono_ns();
  ++sample_.answered;
  if (now <= end_ns_) ++sample_.in_time;
  sample_.latency.add(now - flow.due_ns);
  if (connects()) flow.fd.reset();
  settle(flow);
}

void Worker::settle(Flow& flow) {
  if (flow.due_ns != 0) --under_way_;
  flow.due_ns = 0;
  flow.state = State::idle;
  idle_.push_back(static_cast<std::uint32_t>(&flow - flows_.data()));
}

void Worker::fail_by(Flow& flow, int error) {
  if (error == EADDRNOTAVAIL) return fail(flow, Failed::no_port);
  if (error == ECONNREFUSED) return fail(flow, Failed::refused);
  if (error == ETIMEDOUT) return fail(flow, Failed::timeout);
  fail(flow, error == ECONNRESET || error == EPIPE ? Failed::reset : Failed::other);
}

void Worker::fail(Flow& flow, Failed why) {
  ++sample_.failed[at(why)];
  over_ = over_ || sample_.failed[at(Failed::no_port)] >= kMostNoPort;
  if (flow.due_ns != 0) sample_.latency.add(mono_ns() - flow.due_ns);
  if (udp() && flow.fd) return settle(flow);
  flow.fd.reset();
  if (connects()) return settle(flow);
  if (flow.due_ns != 0) --under_way_;
  flow.due_ns = 0;
  flow.state = State::dead;
  const bool running = start_ns_ != 0 && mono_ns() < end_ns_;
  if (running && reopenings_++ < kMostReopenings * flows_.size() && !begin_socket(flow))
    flow.state = State::dead;
}

void Worker::sweep(std::uint64_t now) {
  swept_ns_ = now;
  for (Flow& flow : flows_)
    if (flow.due_ns != 0 && now - std::min(now, flow.asked_ns) >= spec_.patience_ns)
      fail(flow, Failed::timeout);
}

void Worker::wait(std::uint64_t now, std::uint64_t until) {
  if (now - std::min(now, swept_ns_) >= kSweepNs) sweep(now);
  const std::uint64_t left = until > now ? until - now : 0;
  const timespec limit{static_cast<time_t>(left / 1'000'000'000U), static_cast<long>(left % 1'000'000'000U)};
  epoll_event events[kEvents];
  const int n = ::epoll_pwait2(epoll_.get(), events, kEvents, &limit, nullptr);
  for (int i = 0; i < n; ++i) advance(flows_[events[i].data.u32]);
}

}  // namespace fairlead::measure
