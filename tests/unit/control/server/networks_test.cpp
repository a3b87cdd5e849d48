// SPDX-License-Identifier: Apache-2.0
// Networks as a user meets them at the API, and a store from before they were objects.
#include <gmock/gmock.h>

#include "control/catalog/network.h"
#include "control/store/sqlite_store.h"
#include "control_house.h"
#include "fake_agent.h"

namespace fairlead::server {
namespace {

using testing::HasSubstr;

constexpr const char* kShop = R"(kind: Network
name: b
vni: 5000
pools: {pods4: 10.30.0.0/24, pods6: "fd30::/64", vips4: 10.31.0.0/26, vips6: "fd31::/112"}
---
kind: Namespace
name: shop
network: b
---
kind: Job
name: web
namespace: shop
containers:
  - name: web
    image: oci:images/web
    ports: {http: 8080}
expose:
  - {port: 80, to: http}
)";

TEST_F(ControlHouse, TheDefaultNetworkIsThereAndAppliesAgain) {
  start();
  const auto networks = list<Network>("networks");
  ASSERT_EQ(networks.size(), 1U);
  EXPECT_EQ(networks[0].meta.name, "default");
  EXPECT_EQ(networks[0].vni, 4097U);
  EXPECT_EQ(apply(get("/v1/networks/default")).changes.at(0).action, "unchanged");
}

TEST_F(ControlHouse, PodsAndServicesHaveAddressesOfTheirNamespacesNetwork) {
  start();
  const FakeAgent n1(address(), "n1");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 1; }));
  const proto::ApplyResult plan = apply(kShop, "?dry_run=true");
  EXPECT_THAT(plan.changes.back().detail, HasSubstr("10.31.0.11 fd31::b")) << "what will be is shown before";
  apply(kShop);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 1; }));
  const Pod pod = ready_pods().front();
  const Service service = list<Service>("services").front();
  const Network network = list<Network>("networks").front();
  EXPECT_EQ(pod.network, "b");
  EXPECT_TRUE(network.pools.pods4.contains(pod.ipv4) && network.pools.pods6.contains(pod.ipv6)) << pod.ipv4;
  EXPECT_TRUE(network.pools.vips4.contains(service.vip4) && network.pools.vips6.contains(service.vip6));
  EXPECT_TRUE(network.pools.pods4.contains(host_of(list<Node>("nodes").front(), "b").ipv4));
  EXPECT_THAT(get("/v1/explain/networks/-/b"), HasSubstr("1 namespace, 1 pod, 1 service"));
  EXPECT_THAT(error_of(net::Method::delete_, "/v1/networks/b").reason, HasSubstr("namespace/shop"));
  std::string other = kShop;
  other.replace(other.find("5000"), 4, "5001");
  EXPECT_THAT(error_of(net::Method::post, "/v1/apply", other).reason,
              HasSubstr("vni 5000 -> 5001, because its addresses are in use by pod/shop/web-"));
}

TEST_F(ControlHouse, AStoreFromBeforeNetworksGetsItsNetwork) {
  start();
  stop();
  const std::string file = folder_ / "state/store.db";
  {
    // What version 0.1 wrote: a welcome whose network has the seed 7.
    const std::string seed("\x49\x07\0\0\0\0\0\0\0", 9);
    const std::string old = std::string("\x0a\x0b\x1a\x09") + seed;
    auto store = store::open_sqlite_store(file);
    ASSERT_TRUE(store) << format(store.error());
    const store::Txn txn{{},
                         {store::put("/config/network", old), store::erase("/config/seed"),
                          store::erase("/object/network/-/default")},
                         {}};
    ASSERT_TRUE((*store)->commit(txn));
  }
  start();
  ASSERT_EQ(list<Network>("networks").size(), 1U);
  EXPECT_EQ(list<Network>("networks")[0].pools, default_network().pools);
  stop();
  auto store = store::open_sqlite_store(file);
  ASSERT_TRUE(store);
  EXPECT_EQ(store::get(**store, "/config/seed")->value().value, "7") << "rings stay as they were";
  EXPECT_FALSE(*store::get(**store, "/config/network"));
}

}  // namespace
}  // namespace fairlead::server
