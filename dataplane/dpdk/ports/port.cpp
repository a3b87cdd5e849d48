// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/ports/port.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <linux/if_packet.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

#include "dataplane/dpdk/eal/eal.h"

namespace fairlead::dpdk {
namespace {

constexpr std::uint16_t kDescriptors = 512;
constexpr auto kAnySocket = static_cast<unsigned>(SOCKET_ID_ANY);

std::unexpected<Error> refused(const std::string& device, const std::string& doing, int error,
                               const std::string& remedy) {
  return fail(Code::unavailable, "device " + device, doing + ": " + rte_strerror(error < 0 ? -error : error),
              remedy);
}

Result<> configure(std::uint16_t id, const std::string& device, unsigned queues, rte_mempool* buffers) {
  const auto count = static_cast<std::uint16_t>(queues);
  const rte_eth_conf plain{};
  if (const int bad = rte_eth_dev_configure(id, count, count, &plain); bad != 0)
    return refused(device, "cannot have " + std::to_string(queues) + " queues", bad,
                   "ask for fewer workers, or give the device more queues");
  std::uint16_t in = kDescriptors, out = kDescriptors;
  (void)rte_eth_dev_adjust_nb_rx_tx_desc(id, &in, &out);
  for (std::uint16_t queue = 0; queue < count; ++queue) {
    int bad = rte_eth_rx_queue_setup(id, queue, in, kAnySocket, nullptr, buffers);
    if (bad == 0) bad = rte_eth_tx_queue_setup(id, queue, out, kAnySocket, nullptr);
    if (bad != 0) return refused(device, "queue " + std::to_string(queue), bad, "give it more memory");
  }
  if (const int bad = rte_eth_dev_start(id); bad != 0)
    return refused(device, "cannot be started", bad, "stderr says why");
  return {};
}

std::string driver_of(const std::string& name) {
  return name.substr(0, name.find_last_not_of("0123456789") + 1);
}

// Some drivers make no more queues than their string says.
std::string with_queues(const std::string& device, const std::string& driver, unsigned queues) {
  const char* const key = driver == "net_af_packet" ? "qpairs="
                          : driver == "net_af_xdp"  ? "queue_count="
                                                    : "";
  if (*key == 0 || queues == 1 || device.find(key) != std::string::npos) return device;
  return device + "," + key + std::to_string(queues);
}

bool is_packet_socket(int fd) {
  int domain = 0;
  socklen_t length = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_PACKET;
}

// A packet socket gets what the kernel itself sends, too, as if it had come in; net_af_packet has no word for
// that, so its sockets are told. Idempotent.
void hear_only_what_comes() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const int fd = std::atoi(entry.path().filename().c_str());
    const int yes = 1;
    if (is_packet_socket(fd)) (void)::setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
  }
}

}  // namespace

Result<Port> Port::open(const std::string& device, unsigned queues, rte_mempool* buffers) {
  const std::string name = device.substr(0, device.find(','));
  std::uint16_t id = 0;
  const bool there = rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0;
  if (there && !is_pci(device))  // a NIC is there as soon as EAL is
    return fail(Code::exists, "device " + device, "is a port of this process already",
                "give it another name");
  const int bad = there ? 0 : rte_dev_probe(with_queues(device, driver_of(name), queues).c_str());
  if (bad != 0)
    return refused(device, "cannot be had", bad,
                   is_pci(device)
                       ? "bind it to a driver that DPDK takes (dpdk-devbind.py --bind=vfio-pci)"
                       : "write it as DPDK does (net_af_packet0,iface=eth1); most drivers need root");
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) != 0)
    return fail(Code::unsupported, "device " + device, "is no Ethernet device", "name one that is");
  rte_eth_dev_info info{};
  const bool known = is_pci(device) && rte_eth_dev_info_get(id, &info) == 0 && info.driver_name != nullptr;
  Port port(id, name, known ? info.driver_name : driver_of(name), is_pci(device));
  if (port.kernel_sees_all()) hear_only_what_comes();
  FL_TRY_OK(configure(id, device, queues, buffers));
  return port;
}

Port::Port(Port&& other) noexcept
    : id_(std::exchange(other.id_, kNone)),
      name_(std::move(other.name_)),
      driver_(std::move(other.driver_)),
      of_bus_(other.of_bus_),
      stays_(other.stays_) {}

Port::~Port() {
  if (id_ == kNone || stays_) return;
  rte_eth_dev_info info{};
  const bool known = rte_eth_dev_info_get(id_, &info) == 0;
  (void)rte_eth_dev_stop(id_);
  (void)rte_eth_dev_close(id_);
  if (known && info.device != nullptr) (void)rte_dev_remove(info.device);
}

bool Port::may_lack_sums() const {
  return driver_ == "net_af_packet" || driver_ == "net_af_xdp" || driver_ == "net_tap" ||
         driver_ == "net_virtio_user";
}

std::string Port::mac() const {
  rte_ether_addr address{};
  if (rte_eth_macaddr_get(id_, &address) != 0 || rte_is_zero_ether_addr(&address) != 0) return "";
  char text[RTE_ETHER_ADDR_FMT_SIZE];
  rte_ether_format_addr(text, sizeof text, &address);
  return text;
}

std::uint64_t Port::filter() const {
  const bool on_link = driver_ == "net_af_packet" || driver_ == "net_af_xdp" || of_bus_;
  rte_ether_addr address{};
  if (!on_link || rte_eth_macaddr_get(id_, &address) != 0) return 0;
  std::uint64_t mac = 0;
  std::memcpy(&mac, address.addr_bytes, sizeof address.addr_bytes);
  return mac;
}

void Port::listen_to_all() const { (void)rte_eth_promiscuous_enable(id_); }

}  // namespace fairlead::dpdk
