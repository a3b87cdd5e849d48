// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/overlay/numbered.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <vector>

#include "base/io/fd.h"

namespace fairlead::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kShown = 5;

Fd connect_udp(Family family, const std::string& address, std::uint16_t port) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  const bool is_v4 = family == Family::v4;
  ::inet_pton(is_v4 ? AF_INET : AF_INET6, address.c_str(),
              is_v4 ? static_cast<void*>(&v4.sin_addr) : static_cast<void*>(&v6.sin6_addr));
  Fd socket(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // A machine that stands still for a second loses nothing.
  const int room = 1 << 24;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  const auto* to = is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  if (!socket || ::connect(socket.get(), to, is_v4 ? sizeof v4 : sizeof v6) != 0)
    throw std::runtime_error("udp socket: " + std::string(std::strerror(errno)));
  return socket;
}

struct Answer {
  std::uint64_t number;
  char mark;
};
constexpr ssize_t kAnswerBytes = sizeof(std::uint64_t) + 1;

struct Seen {
  std::vector<bool> numbers;
  char mark = 0;  // of the first
  std::uint64_t moved = 0;
};

void take_answers(const Fd& socket, Seen& seen, std::atomic<std::uint64_t>& answered) {
  Answer answer{};
  while (::recv(socket.get(), &answer, sizeof answer, 0) == kAnswerBytes) {
    if (answer.number >= seen.numbers.size() || seen.numbers[answer.number]) continue;
    seen.numbers[answer.number] = true;
    ++answered;
    if (seen.mark == 0) seen.mark = answer.mark;
    if (seen.mark != answer.mark) ++seen.moved;
  }
}

std::string verdict(const Seen& seen, std::uint64_t answered, std::uint64_t refused) {
  const std::vector<bool>& numbers = seen.numbers;
  std::string text = std::to_string(numbers.size()) + " asked, " + std::to_string(numbers.size() - answered) +
                     " lost, " + std::to_string(seen.moved) + " moved";
  if (refused > 0) text += ", " + std::to_string(refused) + " refused";
  std::size_t shown = 0;
  for (std::size_t i = 0; i < numbers.size() && shown < kShown; ++i)
    if (!numbers[i]) text += (++shown == 1 ? ": number " : ", ") + std::to_string(i);
  return text;
}

}  // namespace

Numbered::Numbered(const NetLab& lab, const std::string& from, Family family, const std::string& address,
                   std::uint16_t port, std::chrono::microseconds every)
    : thread_([=, this, &lab] { lab.inside(from, [&] { converse(family, address, port, every); }); }) {}

Numbered::~Numbered() { finish(); }

void Numbered::converse(Family family, const std::string& address, std::uint16_t port,
                        std::chrono::microseconds every) {
  const Fd socket = connect_udp(family, address, port);
  Seen seen;
  std::uint64_t refused = 0;
  for (auto next = Clock::now(); !stop_; next += every) {
    std::this_thread::sleep_until(next);
    const std::uint64_t number = seen.numbers.size();
    seen.numbers.push_back(false);
    if (::send(socket.get(), &number, sizeof number, 0) < 0) ++refused;
    take_answers(socket, seen, answered_);
  }
  const auto end = Clock::now() + std::chrono::seconds(2);
  while (answered_ < seen.numbers.size() && Clock::now() < end) {
    pollfd polled{socket.get(), POLLIN, 0};
    ::poll(&polled, 1, 20);
    take_answers(socket, seen, answered_);
  }
  result_ = verdict(seen, answered_, refused);
}

std::string Numbered::finish() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return result_;
}

Argv echo_command(std::uint16_t port, char mark) {
  return {"python3", "-c",
          "import socket\n"
          "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
          "s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)\n"
          "s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE\n"
          "s.bind(('::', " +
              std::to_string(port) +
              "))\n"
              "while True:\n"
              "  data, peer = s.recvfrom(2048)\n"
              "  s.sendto(data + b'" +
              mark + "', peer)\n"};
}

}  // namespace fairlead::test
