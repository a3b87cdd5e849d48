// SPDX-License-Identifier: Apache-2.0
// Worker: one thread's share of the flows of request and answer (all but tcp-bulk), on one epoll.
//
//     idle -> [connecting ->] sending -> receiving [-> closing] -> idle          failed: closed, and opened
//     anew
#pragma once

#include <deque>
#include <vector>

#include "base/io/fd.h"
#include "base/net/socket_address.h"
#include "dataplane/measure/load/load.h"
#include "dataplane/measure/load/message.h"

namespace fairlead::measure {

class Worker {
 public:
  Worker(const LoadSpec& spec, unsigned index);

  // Connections that stay, and sockets of UDP. How many flows could be opened.
  Result<unsigned> open();
  void run(std::uint64_t start_ns, const std::stop_token& stop);
  Sample take() { return std::move(sample_); }

 private:
  enum class State : std::uint8_t { idle, connecting, sending, receiving, closing, dead };
  struct Flow {
    Fd fd;
    State state = State::dead;
    std::uint32_t number = 0;
    int server = -1;
    std::uint64_t sequence = 0;
    std::uint64_t due_ns = 0;  // of the request under way; 0: none
    std::uint64_t asked_ns = 0;
    std::size_t done = 0;         // octets of the request that are sent
    std::vector<std::byte> part;  // of an answer that did not come at once
  };

  bool udp() const { return spec_.workload == Workload::udp_rr; }
  bool connects() const {
    return spec_.workload == Workload::tcp_crr || spec_.workload == Workload::tcp_connect;
  }
  bool begin_socket(Flow& flow);
  void start_due(std::uint64_t now);
  void start(Flow& flow, std::uint64_t due_ns, std::uint64_t now);
  void advance(Flow& flow);
  bool connected(Flow& flow);
  bool send_request(Flow& flow);
  bool receive(Flow& flow);
  bool receive_datagram(Flow& flow);
  bool accept_answer(Flow& flow);
  void answered(Flow& flow);
  void settle(Flow& flow);
  void fail(Flow& flow, Failed why);
  void fail_by(Flow& flow, int error);
  void sweep(std::uint64_t now);
  void wait(std::uint64_t now, std::uint64_t until);
  std::uint64_t due_of(std::uint64_t request) const;
  void count_unsent(std::uint64_t end);
  Message request_of(const Flow& flow) const;

  LoadSpec spec_;
  unsigned index_;
  SocketAddress to_;
  Fd epoll_;
  std::vector<Flow> flows_;
  std::deque<std::uint32_t> idle_;  // in the order in which they became so: all are used
  std::vector<std::byte> out_, in_;
  Sample sample_;
  std::uint64_t start_ns_ = 0, end_ns_ = 0, next_ = 0, swept_ns_ = 0;
  std::uint64_t under_way_ = 0;
  std::uint64_t reopenings_ = 0;
  bool over_ = false;
};

}  // namespace fairlead::measure
