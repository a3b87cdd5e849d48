// SPDX-License-Identifier: Apache-2.0
// Prober: asks servers whether they are well, by the way that clients' packets take:
// a socket to the service's own address, whose mark (XDP) or port (DPDK) names the
// server, so that the engine delivers its packets there; a server behind nat is asked by its own address.
// TCP: a connection; HTTP: a status of 200 to 399; ICMP: an echo. Each server has its own rhythm with a bit
// of chance; at most kInFlight probes are under way. One loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/net/http_probe.h"
#include "control/net/task.h"
#include "dataplane/lb/config/config.h"

namespace fairlead::lb {

inline constexpr std::size_t kInFlight = 256;

struct ProbeTarget {
  std::string service;
  IpAddress server;
  IpAddress address;         // the service's; unmarked: the server's own
  std::uint32_t number = 0;  // the server's, in the tables
  Check check;
  bool marked = true;  // the engine takes the probe where its mark says
  std::string link{};  // it leaves by this one, whatever the routes say
  bool operator==(const ProbeTarget&) const = default;
};

class Prober {
 public:
  using OnResult = std::function<void(const ProbeTarget&, const ProbeResult&)>;

  // Before a probe connects: its TCP port and the server that it is about.
  using Steer = std::function<void(std::uint16_t port, std::uint32_t server)>;

  Prober(net::asio::any_io_executor executor, OnResult on_result, Steer steer);
  ~Prober();

  // From now on exactly these; one that is as it was keeps its rhythm.
  void set(const std::vector<ProbeTarget>& targets);
  void cancel();
  net::Task<> wait();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace fairlead::lb
