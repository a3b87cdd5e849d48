// SPDX-License-Identifier: Apache-2.0
// The text of a small node: two nodes, two pods of its own, one elsewhere, a
// host endpoint, a service in each family. Every kind of line and field once.
#pragma once

#include "dataplane/model/text.h"

namespace fairlead::model {

inline constexpr const char* kSampleText =
    R"(self number=1 vtep=192.0.2.1 uplink=3 mtu=1500 vxlan=4789 control=7400 gateway=02:66:6c:00:00:01 cluster_seed=7 node_seed=9
control 198.51.100.9
network 1 vni=4097 10.244.0.0/16 fd00:244::/64
network 3 vni=4099 mtu=1400 native 10.245.0.0/16
vtep 1 192.0.2.1
vtep 2 192.0.2.2 mtu=1400 plain
link 7 network=1 identity=5 mac=02:00:00:00:00:07 ipv4=10.244.0.7 ipv6=fd00:244::7
link 8 network=1 identity=1 mac=02:00:00:00:00:08 host ipv4=10.244.0.8 extra4=10.96.0.10 extra6=fd00:96::a
endpoint 1 10.244.0.7 vtep=1 identity=5 epoch=2 ifindex=7 mac=02:00:00:00:00:07
endpoint 1 10.244.0.8 vtep=1 identity=1 ifindex=9 mac=02:00:00:00:00:08 host
endpoint 1 10.244.1.9 vtep=2 identity=6
endpoint 1 fd00:244::7 vtep=1 identity=5 epoch=2 ifindex=7 mac=02:00:00:00:00:07
service 1 10.96.0.7
  port tcp 80
    backend 10.244.0.7:8080
    backend 10.244.1.9:8080 weight=3
  port udp 53
service 1 fd00:96::7
  port tcp 80
    backend [fd00:244::7]:8080
)";

inline ForwardingState sample_state() { return parse(kSampleText).value(); }

}  // namespace fairlead::model
