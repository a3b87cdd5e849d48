// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/validate.h"

#include <gtest/gtest.h>

#include "dataplane/model/ring/maglev.h"
#include "tests/unit/dataplane/model/sample.h"

namespace fairlead::model {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

TEST(Validate, TakesTheSample) {
  const auto good = validate(sample_state());
  EXPECT_TRUE(good) << format(good.error());
}

TEST(Validate, TakesABackendWithoutEndpointAndAServiceWithoutPorts) {
  ForwardingState state = sample_state();
  state.services[0].ports[0].backends.push_back({ip("10.244.7.7"), 8080, 1, {}});
  state.services.push_back({1, ip("10.96.0.99"), {}});
  EXPECT_TRUE(validate(state));
}

struct Refusal {
  void (*spoil)(ForwardingState&);
  const char* message;
};

void expect_refused(const std::vector<Refusal>& cases) {
  for (const Refusal& c : cases) {
    ForwardingState state = sample_state();
    c.spoil(state);
    const auto refused = validate(state);
    ASSERT_FALSE(refused) << c.message;
    EXPECT_NE(format(refused.error()).find(c.message), std::string::npos) << c.message << "\n"
                                                                          << format(refused.error());
  }
}

TEST(Validate, RefusesNodesAndNetworks) {
  expect_refused({
      {[](ForwardingState& s) { s.self.number = 0; }, "self: has a number outside 1 to 4095"},
      {[](ForwardingState& s) { s.self.number = 2; }, "self: is not among the vteps"},
      {[](ForwardingState& s) { s.self.vxlan_port = 0; }, "self: has no VXLAN port"},
      {[](ForwardingState& s) { s.networks[0].index = 0; }, "network 0: has index 0"},
      {[](ForwardingState& s) { s.networks[0].vni = 1U << 24; }, "network 1: has VNI 16777216"},
      {[](ForwardingState& s) { s.networks.push_back({1, 5, {}, 0, {}}); },
       "network 1: the index stands twice"},
      {[](ForwardingState& s) { s.networks.push_back({2, 4097, {}, 0, {}}); },
       "network 2: VNI 4097 stands twice"},
      {[](ForwardingState& s) { s.networks[0].prefixes.push_back(s.networks[0].prefixes[0]); },
       "network 1: a prefix stands twice"},
      {[](ForwardingState& s) {
         s.networks.push_back({4, 5, s.networks[0].prefixes, 0, NetworkMode::native});
         s.networks.push_back({5, 6, {s.networks[0].prefixes[0]}, 0, NetworkMode::native});
       },
       "network 4: is native and shares 10.244.0.0/16 with network 5"},
      {[](ForwardingState& s) { s.self.uplink_mtu = 1279; }, "self: has an uplink of 1279 bytes"},
      {[](ForwardingState& s) { s.vteps[1].number = 4096; }, "vtep 4096: has a number outside"},
      {[](ForwardingState& s) { s.vteps[1].address = {}; }, "vtep 2: has no address"},
      {[](ForwardingState& s) { s.vteps[1].address = ip("2001:db8::2"); }, "vtep 2: is of another family"},
      {[](ForwardingState& s) { s.vteps[1].number = 1; }, "vtep 1: the number stands twice"},
      {[](ForwardingState& s) { s.vteps[1].address = ip("192.0.2.1"); },
       "vtep 2: address 192.0.2.1 stands twice"},
  });
}

TEST(Validate, RefusesLinksAndEndpoints) {
  expect_refused({
      {[](ForwardingState& s) { s.links[0].ifindex = 0; }, "link 0: has no interface"},
      {[](ForwardingState& s) { s.links[0].network = 9; }, "link 7: names network 9, which does not exist"},
      {[](ForwardingState& s) { s.links[1].ifindex = 7; }, "link 7: the interface stands twice"},
      {[](ForwardingState& s) { s.links[0].ipv4 = ip("fd00::1"); },
       "link 7: has an address in the other family's"},
      {[](ForwardingState& s) { s.links[1].extra6 = ip("10.0.0.1"); },
       "link 8: has an address in the other family's"},
      {[](ForwardingState& s) { s.links[0].extra4 = ip("10.0.0.1"); }, "link 7: has extra addresses"},
      {[](ForwardingState& s) { s.links[1].ipv4 = ip("10.244.0.7"); },
       "link 8: address 10.244.0.7 stands twice"},
      {[](ForwardingState& s) { s.endpoints[0].network = 2; }, "endpoint 2 10.244.0.7: names network 2"},
      {[](ForwardingState& s) { s.endpoints[0].address = {}; }, "endpoint 1 ::: has no address"},
      {[](ForwardingState& s) { s.endpoints[2].vtep = 3; }, "endpoint 1 10.244.1.9: names vtep 3"},
      {[](ForwardingState& s) { s.endpoints[2].address = ip("10.244.0.7"); },
       "endpoint 1 10.244.0.7: the address stands twice"},
      {[](ForwardingState& s) { s.endpoints[2].ifindex = 7; },
       "endpoint 1 10.244.1.9: is on vtep 2 and has an inter"},
      {[](ForwardingState& s) { s.endpoints[0].ifindex = 77; }, "endpoint 1 10.244.0.7: names link 77"},
  });
}

TEST(Validate, RefusesServices) {
  expect_refused({
      {[](ForwardingState& s) { s.services[0].network = 2; }, "service 2 10.96.0.7: names network 2"},
      {[](ForwardingState& s) { s.services[0].vip = {}; }, "service 1 ::: has no address"},
      {[](ForwardingState& s) { s.services.push_back(s.services[0]); },
       "service 1 10.96.0.7: the address stands twice"},
      {[](ForwardingState& s) { s.services[0].vip = ip("10.244.0.7"); },
       "service 1 10.244.0.7: has the address of an"},
      {[](ForwardingState& s) { s.services[0].ports[1] = s.services[0].ports[0]; },
       "service 1 10.96.0.7 tcp 80: the port stands twice"},
      {[](ForwardingState& s) { s.services[0].ports[0].protocol = 132; },
       "service 1 10.96.0.7 protocol 80: is neither"},
      {[](ForwardingState& s) { s.services[0].ports[1].port = 0; }, "service 1 10.96.0.7 udp 0: has port 0"},
      {[](ForwardingState& s) { s.services[0].ports[0].backends[0].port = 0; },
       "service 1 10.96.0.7 tcp 80 backend 10.244.0.7 port 0: has no address or port"},
      {[](ForwardingState& s) { s.services[0].ports[0].backends[0].address = ip("fd00:244::7"); },
       "backend fd00:244::7 port 8080: is of another family"},
      {[](ForwardingState& s) { s.services[0].ports[0].backends[0].weight = 0; }, "port 8080: has weight 0"},
      {[](ForwardingState& s) { s.services[0].ports[0].backends[0].weight = 1001; },
       "port 8080: has weight 1001"},
      {[](ForwardingState& s) { s.services[0].ports[0].backends[1].address = ip("10.244.0.7"); },
       "backend 10.244.0.7 port 8080: the backend stands twice"},
      {[](ForwardingState& s) {
         s.services.push_back({1, ip("10.96.0.5"), {{6, 80, {{ip("10.96.0.7"), 80, 1, {}}}}}});
       },
       "service 1 10.96.0.5 tcp 80 backend 10.96.0.7 port 80: is a service's address"},
  });
}

TEST(Validate, RefusesMoreThanTheTablesHold) {
  expect_refused({
      {[](ForwardingState& s) {
         for (std::uint32_t i = 0; i <= kMaxRingBackends; ++i)
           s.services[0].ports[1].backends.push_back({ip("10.245.0.0").plus(i), 53, 1, {}});
       },
       "service 1 10.96.0.7 udp 53: 6553 backends. use at most 6552"},
      {[](ForwardingState& s) {
         for (std::uint32_t i = 1; i <= 4096; ++i)
           s.links.push_back({100 + i, 1, 0, {}, false, {}, {}, {}, {}});
       },
       "table links: 4098 rows, it holds 4096"},
      {[](ForwardingState& s) {
         for (std::uint32_t i = 0; i < 262144; ++i)
           s.endpoints.push_back({1, ip("10.0.0.0").plus(i), 2, 0, 0, 0, {}, false});
       },
       "table endpoints: 262150 rows, it holds 262144"},
      {[](ForwardingState& s) {
         std::vector<Backend> many;
         for (std::uint32_t i = 0; i < 200; ++i) many.push_back({ip("10.245.0.0").plus(i), 53, 1, {}});
         for (std::uint16_t port = 1; port <= 17; ++port) s.services[0].ports.push_back({17, port, many});
       },
       "table rings: 1114359 rows, it holds 1048576"},
      {[](ForwardingState& s) {
         for (std::uint32_t service = 0; service < 11; ++service) {
           std::vector<Backend> many;
           for (std::uint32_t i = 0; i < 6000; ++i)
             many.push_back({ip("10.0.0.0").plus(service * 6000 + i), 53, 1, {}});
           s.services.push_back({1, ip("10.96.1.0").plus(service), {{17, 53, many}}});
         }
       },
       "table backends: 66003 rows, it holds 65535"},
  });
}

}  // namespace
}  // namespace fairlead::model
