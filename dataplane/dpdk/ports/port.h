// SPDX-License-Identifier: Apache-2.0
// A DPDK device as an edge's port: probed by its usual string, with a queue for each
// worker, started, and given back when this goes.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

struct rte_mempool;

namespace fairlead::dpdk {

class Port {
 public:
  // "net_null0", "net_af_packet0,iface=eth1", "net_pcap0,rx_pcap=in,tx_pcap=out".
  static Result<Port> open(const std::string& device, unsigned queues, rte_mempool* buffers);
  Port(Port&& other) noexcept;
  Port& operator=(Port&&) = delete;
  ~Port();

  std::uint16_t id() const { return id_; }
  const std::string& name() const { return name_; }      // "net_af_packet0"
  const std::string& driver() const { return driver_; }  // "net_af_packet"
  // Do packets come from a kernel that leaves checksums to hardware?
  bool may_lack_sums() const;
  // Does the kernel, too, get what comes here?
  bool kernel_sees_all() const { return driver_ == "net_af_packet"; }
  std::string mac() const;  // "02:00:00:00:00:01"; empty: it has none
  // Its own, as the first six bytes of a frame for it are read, where it stands on a link with other
  // machines. A switch that has forgotten one of them floods what is for it. 0: whatever comes is for this
  // machine.
  std::uint64_t filter() const;
  // When this goes, the device is left as it is, until the process ends: net_tap, stopped, sets its link
  // down, which takes routes and addresses of IPv6 from a link that others made.
  void stay() { stays_ = true; }
  void listen_to_all() const;  // also to what is not for its own MAC; drivers without that do so anyway

 private:
  Port(std::uint16_t id, std::string name, std::string driver, bool of_bus)
      : id_(id), name_(std::move(name)), driver_(std::move(driver)), of_bus_(of_bus) {}
  static constexpr std::uint16_t kNone = 0xffff;
  std::uint16_t id_;
  std::string name_, driver_;
  bool of_bus_;  // a NIC
  bool stays_ = false;
};

}  // namespace fairlead::dpdk
