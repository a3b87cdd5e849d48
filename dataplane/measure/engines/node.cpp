// SPDX-License-Identifier: Apache-2.0
// A node's own dataplane, east-west: the client's and the servers' second link, pod0, is a pod's link of one
// node.
//
//     client pod0 10.244.0.10 --.
//                                node (tc programs)          the service is 10.96.0.20
//     server K pod0 .(10+K) ----'
#include <net/if.h>

#include "dataplane/measure/engines/engine.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "ebpf/loader/node_dataplane.h"

namespace fairlead::measure {
namespace {

constexpr std::uint32_t kPods = 0x0af40000;      // 10.244.0.0
constexpr std::uint32_t kServices = 0x0a600000;  // 10.96.0.0
constexpr std::uint32_t kNetwork = 1, kVni = 4097;
constexpr std::uint32_t kMtu = 1450;

IpAddress service() { return IpAddress::v4(kServices + 20); }

MacAddress mac_of(std::size_t pod) { return {{2, 0x66, 0x6c, 1, 0, static_cast<std::uint8_t>(pod)}}; }

class Node final : public Engine {
 public:
  Node(Space space, std::unique_ptr<ebpf::NodeDataplane> dataplane)
      : space_(std::move(space)), dataplane_(std::move(dataplane)) {}

  Result<> add_pod(const Space& pod) {
    const std::size_t index = state_.links.size();
    const std::string end = "pod" + std::to_string(index), gateway = format(state_.self.gateway_mac);
    FL_TRY_OK(connect(space_, end, pod, "pod0"));
    FL_TRY_OK(space_.sh("ip link set " + end + " mtu " + std::to_string(kMtu) + " address " + gateway +
                        "\nethtool -K " + end + " gro on >/dev/null"));
    FL_TRY_OK(pod.sh(
        "ip link set pod0 mtu " + std::to_string(kMtu) + " address " + format(mac_of(index)) +
        "\nethtool -K pod0 tx off tso off gso off gro off >/dev/null\nip addr add " +
        format(pod_address(index)) + "/32 dev pod0\n" + "ip neigh replace 169.254.1.1 lladdr " + gateway +
        " dev pod0 nud permanent\n" + "ip route add 10.244.0.0/16 via 169.254.1.1 dev pod0 onlink src " +
        format(pod_address(index)) + "\nip route add 10.96.0.0/16 via 169.254.1.1 dev pod0 onlink src " +
        format(pod_address(index))));
    model::Link link;
    link.network = kNetwork;
    link.mac = mac_of(index);
    link.ipv4 = pod_address(index);
    FL_TRY_OK(space_.inside([&]() -> Result<> {
      link.ifindex = ::if_nametoindex(end.c_str());
      return dataplane_->attach_pod(link.ifindex);
    }));
    model::Endpoint endpoint;
    endpoint.network = kNetwork;
    endpoint.address = link.ipv4;
    endpoint.vtep = state_.self.number;
    endpoint.epoch = 1;
    endpoint.ifindex = link.ifindex;
    endpoint.mac = link.mac;
    state_.links.push_back(link);
    state_.endpoints.push_back(endpoint);
    return {};
  }

  Result<> begin(const IpAddress& underlay) {
    state_.self.number = 1;
    state_.self.vtep = underlay;
    FL_TRY_OK(space_.inside([&]() -> Result<> {
      state_.self.uplink_ifindex = ::if_nametoindex("eth0");
      return {};
    }));
    state_.self.uplink_mtu = 1500;
    state_.self.cluster_seed = 42;
    state_.self.node_seed = 1;
    FL_TRY(const Prefix pods, Prefix::parse("10.244.0.0/16"));
    FL_TRY(const Prefix services, Prefix::parse("10.96.0.0/16"));
    state_.networks.push_back({kNetwork, kVni, {pods, services}, 0, model::NetworkMode::vxlan});
    state_.vteps.push_back({1, underlay, true, 1500});
    return {};
  }

  Result<> publish() {
    model::ServiceRow row{kNetwork, service(), {{6, kPort, {}}, {17, kPort, {}}}};
    for (std::size_t i = 1; i < state_.links.size(); ++i)
      for (auto& port : row.ports) port.backends.push_back({pod_address(i), kPort, 1, {}});
    state_.services.push_back(row);
    model::normalize(state_);
    FL_TRY(const model::TableImage image, model::lower(state_));
    return dataplane_->apply(model::diff({}, image));
  }

  Result<Told> told() override {
    // As the agent does every 5 s: else ended connections keep their ports' rows.
    FL_TRY_OK(dataplane_->sweep_flows(kNetwork, {}));
    FL_TRY(const auto verdicts, dataplane_->verdicts());
    Told told;
    for (const ebpf::VerdictCount& verdict : verdicts) {
      if (verdict.drop) {
        told.drops[verdict.name] = verdict.packets;
        told.meanings[verdict.name] = verdict.meaning;
      } else {
        told.packets += verdict.packets;
      }
    }
    return told;
  }

  std::vector<int> programs() const override { return {dataplane_->program_fd(false)}; }

 private:
  Space space_;
  std::unique_ptr<ebpf::NodeDataplane> dataplane_;
  model::ForwardingState state_;
};

}  // namespace

IpAddress pod_address(std::size_t index) {
  return IpAddress::v4(kPods + 10 + static_cast<std::uint32_t>(index));
}

Result<std::vector<Way>> make_node(House& house, unsigned edge) {
  FL_TRY(Space space, house.add_edge(edge));
  FL_TRY(auto dataplane, ebpf::NodeDataplane::open({}));
  auto node = std::make_shared<Node>(std::move(space), std::move(dataplane));
  FL_TRY_OK(node->begin(House::edge_address(edge)));
  FL_TRY_OK(node->add_pod(house.client()));
  for (const Space& server : house.servers()) FL_TRY_OK(node->add_pod(server));
  FL_TRY_OK(node->publish());
  std::vector<Way> ways(2);
  ways[0].name = "direct-pod";
  ways[0].about = "pod to pod on one node by the node's dataplane, no service";
  ways[0].to = pod_address(1);
  ways[0].link = "pod0";
  ways[0].counts = "packets of both directions, by the node's verdicts";
  ways[0].engine = node;
  ways[1].name = "node";
  ways[1].baseline = "direct-pod";
  ways[1].about = "the node's dataplane (tc), client pod to a service's address to pods of the same node";
  ways[1].to = service();
  ways[1].link = "pod0";
  ways[1].counts = ways[0].counts;
  ways[1].engine = node;
  return ways;
}

}  // namespace fairlead::measure
