// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/socket.h>
#include <thread>

#include "base/io/fd.h"
#include "tests/chaos/threads.h"

namespace fairlead::chaos {
namespace {

constexpr std::uint16_t kLines = 9000;
constexpr timeval kPatience{20, 0};
constexpr std::chrono::milliseconds kTurn{500};  // each flow speaks once a turn

struct Flow {
  Fd socket;
  std::string name;
  std::string read;  // of an answer that is not whole
};

Fd connect_to(const IpAddress& address) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;  // IPv4 as ::ffff:a.b.c.d, which is what an IpAddress holds
  to.sin6_port = htons(kLines);
  std::memcpy(&to.sin6_addr, address.bytes.data(), 16);
  Fd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int off = 0;
  ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) socket.reset();
  return socket;
}

// Empty when the answer carries the same number; else what happened.
std::string speak(Flow& flow, std::uint64_t number) {
  const std::string line = "number " + std::to_string(number);
  const std::string sent = line + "\n";
  if (::send(flow.socket.get(), sent.data(), sent.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(sent.size()))
    return std::strerror(errno);
  for (;;) {
    const std::size_t end = flow.read.find('\n');
    if (end != std::string::npos) {
      const std::string answer = flow.read.substr(0, end);
      flow.read.erase(0, end + 1);
      return answer.ends_with(line) ? "" : "another answer: " + answer;
    }
    char bytes[512];
    const ssize_t got = ::recv(flow.socket.get(), bytes, sizeof bytes, 0);
    if (got == 0) return "closed by the other end";
    if (got < 0) return errno == EAGAIN ? "no answer in 20 s" : std::strerror(errno);
    flow.read.append(bytes, static_cast<std::size_t>(got));
  }
}

}  // namespace

void keep_flows(const Options& options, Tally& tally, const std::stop_token& stop) {
  std::vector<IpAddress> targets = options.vips;
  targets.insert(targets.end(), options.pods.begin(), options.pods.end());
  std::vector<Flow> flows;
  for (std::size_t i = 0; i < options.flows; ++i) {
    const IpAddress& to = targets[i % targets.size()];
    flows.push_back({connect_to(to), "flow " + std::to_string(i) + " to " + format(to), ""});
    if (flows.back().socket) ++tally.flows;
  }
  for (std::uint64_t turn = 0; !stop.stop_requested(); ++turn) {
    for (Flow& flow : flows) {
      if (!flow.socket) continue;
      const std::string wrong = speak(flow, turn);
      if (wrong.empty()) {
        ++tally.messages;
        continue;
      }
      ++tally.broken;
      tally.blame(flow.name + ": " + wrong);
      flow.socket.reset();
    }
    std::this_thread::sleep_for(kTurn);
  }
}

}  // namespace fairlead::chaos
