// SPDX-License-Identifier: Apache-2.0
// The DPDK engine of the program that has DPDK's libraries.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "base/io/file.h"
#include "dataplane/dpdk/dpdk_engine.h"
#include "dataplane/fwd/edge/rows.h"
#include "dataplane/lb/engine/engine.h"
#include "dataplane/lb/net/taps.h"
#include "ebpf/loader/edge/closed_links.h"

namespace fairlead::lb {
namespace {

// "net_af_packet0,iface=eth1,qpairs=2": eth1.
std::string link_of(const std::string& device) {
  constexpr std::string_view kKey = ",iface=";
  const std::size_t at = device.find(kKey);
  if (at == std::string::npos) return "";
  const std::size_t from = at + kKey.size();
  return device.substr(from, device.find(',', from) - from);
}

// Links whose frames a device takes out of the kernel, as long as there is a process.
std::vector<std::string> taken_links(const std::vector<std::string>& devices) {
  std::vector<std::string> links;
  for (const std::string& device : devices)
    if (device.starts_with("net_af_xdp")) links.push_back(link_of(device));
  return links;
}

class OnDpdk final : public Engine {
 public:
  OnDpdk(std::string name, DpdkConfig began, std::unique_ptr<dpdk::DpdkEngine> engine)
      : name_(std::move(name)), began_(std::move(began)), engine_(std::move(engine)), on_(engine_.get()) {}

  std::unique_ptr<model::EdgeEngine> take() override { return std::move(engine_); }
  Result<> attach(const Config& config) override {
    if (config.engine != EngineType::dpdk) return needs_restart("engine");
    if (*config.dpdk != began_) return needs_restart("dpdk");
    if (std::exchange(started_, true)) return {};
    FL_TRY_OK(remove_xdp(name_));  // two engines would send each packet twice
    FL_TRY_OK(ebpf::close_links(closed_pin_folder(name_), taken_links(began_.devices)));
    return on_->start();
  }
  bool outlives_process() const override { return false; }
  std::vector<PortLink> links(const Config&) const override {
    std::vector<PortLink> links;
    auto tap = began_.taps.begin();
    for (std::uint32_t i = 0; i < began_.devices.size(); ++i) {
      const std::string& device = began_.devices[i];
      links.push_back({kernel_sees_all(device) ? link_of(device) : *tap++, i + 1});
    }
    return links;
  }

 private:
  std::string name_;
  DpdkConfig began_;
  bool started_ = false;
  std::unique_ptr<dpdk::DpdkEngine> engine_;
  dpdk::DpdkEngine* on_;
};

// The kernel has its own copy of what net_af_packet brings: forwarded, too, each packet of a service would
// come back from the router again and again.
Result<> check_forwarding(const std::vector<std::string>& devices) {
  for (const std::string& device : devices) {
    const std::string link = link_of(device);
    if (!kernel_sees_all(device)) continue;
    for (const char* family : {"ipv4", "ipv6"}) {
      const auto on = read_file(std::string("/proc/sys/net/") + family + "/conf/" + link + "/forwarding");
      if (on && on->starts_with('1'))
        return fail(Code::conflict, "device " + device, "the kernel forwards what comes by " + link + ", too",
                    std::string("sysctl net.") + family + ".conf." + link + ".forwarding=0");
    }
  }
  return {};
}

Result<> check_vhost() {
  constexpr const char* kDevice = "/dev/vhost-net";
  if (::access(kDevice, R_OK | W_OK) == 0) return {};
  return fail(Code::unsupported, "dpdk.host",
              std::string("vhost has no ") + kDevice + ": " + std::strerror(errno),
              "modprobe vhost_net, as root; or write host: tap");
}

}  // namespace

Result<std::unique_ptr<Engine>> open_dpdk(const std::string& name, const Config& config) {
  FL_TRY_OK(check_forwarding(config.dpdk->devices));
  dpdk::DpdkOptions options;
  options.devices = config.dpdk->devices;
  options.taps = config.dpdk->taps;
  options.vhost = config.dpdk->host == Host::vhost;
  if (options.vhost) FL_TRY_OK(check_vhost());
  options.workers = config.dpdk->workers;
  options.eal.hugepages = config.dpdk->hugepages;
  options.eal.megabytes = static_cast<unsigned>(config.dpdk->memory >> 20);
  options.buckets = config.flows / FWD_BUCKET_FLOWS;
  options.keep = kept_file(name);
  // A link has one program of XDP; net_af_packet forwards when XDP no longer does (attach).
  if (!std::ranges::all_of(options.devices, kernel_sees_all)) FL_TRY_OK(remove_xdp(name));
  FL_TRY_OK(make_taps(name, options.taps, !options.vhost || options.workers > 1));
  FL_TRY(std::unique_ptr<dpdk::DpdkEngine> engine, dpdk::DpdkEngine::open(options));
  return std::make_unique<OnDpdk>(name, *config.dpdk, std::move(engine));
}

}  // namespace fairlead::lb
