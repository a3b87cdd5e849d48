// SPDX-License-Identifier: Apache-2.0
// The file of an edge (lb.yaml) as a value; in a cluster it says only what is the machine's, and control
// gives the services. parse_config() refuses
// what an edge could not do: each mistake with file, line, column, field, reason
// and remedy, and all of them at once. Pure.
//
//     interfaces: [eth1]                       # where clients' frames come in
//     services:
//       - name: web
//         addresses: [198.51.100.1, "2001:db8:100::1"]
//         ports: [tcp/80, tcp/443, udp/1000-1999]
//         deliver: ipip
//         servers: [192.0.2.11, {address: 192.0.2.12, weight: 2}]
//         check: {http: {port: 80, path: /}, every: 1s}
//
// An edge on DPDK names devices instead: engine: dpdk, dpdk: {devices: ["net_af_packet0,iface=eth1"]}.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "control/document/diagnostic.h"
#include "dataplane/model/edge/edge_state.h"

namespace fairlead::lb {

struct Check {
  enum class Type : std::uint8_t { icmp, tcp, http };
  Type type = Type::icmp;
  std::uint16_t port = 0;  // tcp, http
  std::string path = "/";  // http
  Millis every{1000};
  Millis timeout{1000};
  std::uint32_t rise = 2;  // so many in a row that succeed bring it back,
  std::uint32_t fall = 3;  // so many that fail take it out
  bool operator==(const Check&) const = default;
};

struct ServerConfig {
  IpAddress address;
  std::uint32_t weight = 1;
  IpAddress to{};          // the tunnel's other end; none: `address`
  std::uint16_t port = 0;  // nat: the server's; 0: the service's
  std::uint32_t vni = 0;   // vxlan
  std::string mac{};       // vxlan: of the server behind its VXLAN device
  bool drain = false;
  std::uint16_t epoch = 0;  // vxlan, of control: of the pod's address
  bool asked = true;        // by probes, where the service has a check
  bool operator==(const ServerConfig&) const = default;
};

// A ring that control keeps: the edge replays it as it is.
struct GivenRing {
  std::uint32_t number = 0;  // the service's
  model::EdgeRing base;
  std::vector<model::RingChange> history;
  std::uint32_t settled = 0;
  bool operator==(const GivenRing&) const = default;
};

struct ServiceConfig {
  std::string name;
  std::vector<IpAddress> addresses;
  std::vector<model::EdgePorts> ports;
  model::Delivery deliver = model::Delivery::l2;
  std::vector<ServerConfig> servers;
  std::optional<Check> check;
  model::Affinity affinity = model::Affinity::none;
  bool remember_all = false;
  model::EdgeLimits limits;
  std::optional<GivenRing> ring{};
  bool operator==(const ServiceConfig&) const = default;
};

enum class EngineType : std::uint8_t { xdp, dpdk };
enum class Mode : std::uint8_t { any, native, generic };

// By what the kernel is beside DPDK: net_tap, or net_virtio_user, whose packets a thread of the kernel
// copies.
enum class Host : std::uint8_t { tap, vhost };

struct DpdkConfig {
  std::vector<std::string> devices;  // as DPDK names them: "net_af_packet0,iface=eth1"
  std::vector<std::string> taps;     // the kernel's links beside those devices that it does not see, in turn
  Host host = Host::tap;
  std::uint32_t workers = 1;
  bool hugepages = false;
  std::uint64_t memory = 128ULL << 20;  // of packet buffers, bytes
  bool operator==(const DpdkConfig&) const = default;
};

// Such a device is a tap on a link that the kernel keeps; others take theirs away.
inline bool kernel_sees_all(std::string_view device) { return device.starts_with("net_af_packet"); }

struct Config {
  std::vector<std::string> interfaces;  // xdp
  EngineType engine = EngineType::xdp;
  std::optional<DpdkConfig> dpdk;
  Mode mode = Mode::any;
  IpAddress own4, own6;  // none: of the route to the servers
  std::uint32_t flows = 2097152;
  std::optional<std::uint64_t> secret;  // edges that share addresses have one
  std::uint16_t gue_port = 6080;
  std::uint16_t vxlan_port = 4789;
  Millis settle = std::chrono::hours(168);  // of a ring's change: connections that are older may then move
  std::uint16_t mtu = 0;                    // of the ways to the servers; 0: as their links say
  std::vector<ServiceConfig> services;
  bool operator==(const Config&) const = default;
};

enum class Services : std::uint8_t { of_the_file, of_control };
std::expected<Config, std::vector<document::Diagnostic>> parse_config(
    std::string_view file, std::string_view text, Services services = Services::of_the_file);

// A service as the tables know it, without next hops and history.
model::EdgeService edge_service(const ServiceConfig& service, std::uint32_t number);

}  // namespace fairlead::lb
