// SPDX-License-Identifier: Apache-2.0
// Seeded ForwardingStates that validate() takes, and small changes to them: what
// hours of a cluster do to one node, in no time.
#pragma once

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "dataplane/model/forwarding_state.h"

namespace fairlead::model {

class RandomState {
 public:
  explicit RandomState(std::uint64_t seed) : random_(seed) {
    state_.self.number = 1;
    state_.self.vtep = node_address(1);
    state_.self.uplink_ifindex = 3;
    state_.self.cluster_seed = random_();
    state_.self.node_seed = random_();
    for (std::uint32_t n = 1; n <= 2; ++n)
      state_.networks.push_back(
          {n,
           4096 + n,
           {Prefix::parse("10.244.0.0/16").value(), Prefix::parse("fd00:244::/64").value()},
           0,
           {}});
    state_.networks.push_back(
        {3, 4099, {Prefix::parse("10.245.0.0/16").value()}, 1400 * small(2), NetworkMode::native});
    state_.vteps.push_back({1, node_address(1), true, 0});
    for (int i = 0; i < 12; ++i) step();
  }

  const ForwardingState& state() const { return state_; }

  // One to four things come, go or change.
  void step() {
    for (std::uint64_t n = 1 + below(4); n > 0; --n) {
      switch (below(6)) {
        case 0:
          change_vteps();
          break;
        case 1:
          change_links();
          break;
        case 2:
          change_endpoints();
          break;
        case 3:
          change_services();
          break;
        default:
          change_backends();
          break;
      }
    }
    normalize(state_);
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::uint32_t small(std::uint32_t n) { return static_cast<std::uint32_t>(below(n)); }
  bool often() { return below(3) != 0; }

  static IpAddress node_address(std::uint32_t number) { return IpAddress::parse("192.0.2.0")->plus(number); }
  IpAddress pod_address(bool four) {
    return IpAddress::parse(four ? "10.244.0.0" : "fd00:244::")->plus(1 + below(40));
  }
  template <class T>
  void drop_one(std::vector<T>& from) {
    if (!from.empty()) from.erase(from.begin() + static_cast<std::ptrdiff_t>(below(from.size())));
  }

  void change_vteps() {
    const auto number = static_cast<std::uint16_t>(2 + small(5));
    const auto known = std::ranges::find(state_.vteps, number, &Vtep::number);
    if (known == state_.vteps.end()) {
      state_.vteps.push_back({number, node_address(number), often(), 1400 * small(2)});
    } else if (often()) {
      known->fairlead = !known->fairlead;
    } else {
      std::erase_if(state_.endpoints, [&](const Endpoint& e) { return e.vtep == number; });
      state_.vteps.erase(known);
    }
  }

  void change_links() {
    const std::uint32_t ifindex = 10 + small(8);
    const auto known = std::ranges::find(state_.links, ifindex, &Link::ifindex);
    if (known != state_.links.end()) {
      std::erase_if(state_.endpoints, [&](const Endpoint& e) { return e.ifindex == ifindex; });
      state_.links.erase(known);
      return;
    }
    Link link{
        ifindex, 1 + small(3), small(9), MacAddress{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(ifindex)}},
        false,   {},           {},       {},
        {}};
    link.ipv4 = pod_address(true);
    const auto same = [&](const Link& l) { return l.network == link.network && l.ipv4 == link.ipv4; };
    if (std::ranges::none_of(state_.links, same)) state_.links.push_back(link);
  }

  void change_endpoints() {
    if (!often()) return drop_one(state_.endpoints);
    Endpoint endpoint{1 + small(2), pod_address(often()), 1, small(9), small(3), 0, {}, false};
    std::erase_if(state_.endpoints, [&](const Endpoint& e) {
      return e.network == endpoint.network && e.address == endpoint.address;
    });
    endpoint.vtep = state_.vteps[below(state_.vteps.size())].number;
    for (const Link& link : state_.links) {
      if (endpoint.vtep != 1 || link.network != endpoint.network || often()) continue;
      endpoint.ifindex = link.ifindex;
      endpoint.mac = link.mac;
    }
    state_.endpoints.push_back(endpoint);
  }

  void change_services() {
    if (!often()) return drop_one(state_.services);
    if (state_.services.size() >= 5) return;
    const bool four = often();
    ServiceRow service{
        1 + small(2), IpAddress::parse(four ? "10.96.0.0" : "fd00:96::")->plus(1 + below(9)), {}};
    const auto same = [&](const ServiceRow& s) {
      return s.network == service.network && s.vip == service.vip;
    };
    if (std::ranges::any_of(state_.services, same)) return;
    for (std::uint64_t n = 1 + below(2); n > 0; --n)
      service.ports.push_back({6, static_cast<std::uint16_t>(79 + n), random_backends(four)});
    state_.services.push_back(service);
  }

  std::vector<Backend> random_backends(bool four) {
    std::vector<Backend> backends;
    for (std::uint64_t n = below(5); n > 0; --n) add_backend(backends, four);
    return backends;
  }
  void add_backend(std::vector<Backend>& to, bool four) {
    const Backend backend{pod_address(four), 8080, 1 + (often() ? 0 : small(3)), {{2, 4, 0, 0, 0, 7}}};
    const auto same = [&](const Backend& b) { return b.address == backend.address; };
    if (std::ranges::none_of(to, same)) to.push_back(backend);
  }

  void change_backends() {
    if (state_.services.empty()) return;
    ServiceRow& service = state_.services[below(state_.services.size())];
    std::vector<Backend>& backends = service.ports[below(service.ports.size())].backends;
    if (often())
      add_backend(backends, service.vip.is_v4());
    else
      drop_one(backends);
  }

  std::mt19937_64 random_;
  ForwardingState state_;
};

}  // namespace fairlead::model
