// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge/dpdk_edge.h"

#include <cstdlib>

#include "tests/support/must.h"

namespace fairlead::test {

DpdkEdge::DpdkEdge(const std::string& tag, std::string driver)
    : LiveEdge(tag, EdgeNetOptions{.xdp_on_veth = false, .second_port = 2}), driver_(std::move(driver)) {
  lab().sh("client", "ethtool -K c0 tx on tso off gso off >/dev/null");
}

void DpdkEdge::start() {
  dpdk::DpdkOptions options;
  options.devices = {driver_ + "0,iface=eth0", driver_ + "1,iface=eth1"};
  options.buckets = 8192;
  ::setenv("LIBXDP_SKIP_DISPATCHER", "1", 1);  // it would be pinned where not every machine has a file system
  must(dpdk::start_eal(options.eal));          // out here: its threads stay, and would keep the space
  lab().inside("edge", [&] { engine_ = must(dpdk::DpdkEngine::open(options)); });
  must(engine_->start());
}

}  // namespace fairlead::test
