// SPDX-License-Identifier: Apache-2.0
// Requests and answers of one byte, and streams, over TCP connections that stay.
// Both ends are threads of this process on one core: unpinned, a round trip has
// two values, one for ends that share a core and one four times as long (facts of
// the scheduler, not of the path). Congestion control is cubic.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/io/fd.h"
#include "tests/support/netlab.h"

namespace fairlead::bench {

// Answers on one port of one space, in both families. A connection's first byte says what it is: 'r' is
// answered byte by byte, 's' is read and thrown away.
class Server {
 public:
  Server(test::NetLab& lab, const std::string& space, std::uint16_t port);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint64_t received() const { return received_; }  // bytes of all streams

 private:
  void accept_all();
  void serve(Fd connection);

  Fd listener_;
  std::atomic<std::uint64_t> received_ = 0;
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

class Connection {
 public:
  Connection(test::NetLab& lab, const std::string& space, const std::string& address, std::uint16_t port,
             char kind);

  // The median of `count` round trips, in microseconds.
  double round_trip_us(int count);
  // Sends for about this long. Gb/s of one core: bits over the CPU time of both ends and of the kernel's
  // packet thread on their core.
  double stream_gbps(const Server& server, std::chrono::milliseconds duration);

 private:
  Fd socket_;
};

}  // namespace fairlead::bench
