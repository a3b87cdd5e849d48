// SPDX-License-Identifier: Apache-2.0
// ForwardingState as text and back: one fact per line, readable in a golden
// file and in a diff. parse(format(s)) == s for every normalized state; parse
// does not judge what it reads (that is validate's), only whether it is one.
//
//   self number=1 vtep=192.0.2.1 uplink=3 mtu=1500 vxlan=4789 cluster_seed=7 node_seed=9
//   control 192.0.2.9
//   network 1 vni=4097 mtu=1450 10.244.0.0/16 fd00:244::/64
//   network 2 vni=4098 native 10.245.0.0/16
//   vtep 2 192.0.2.2 mtu=1400 plain
//   link 7 network=1 identity=5 mac=02:00:00:00:00:07 ipv4=10.244.0.7 ipv6=fd00:244::7
//   link 8 network=1 mac=02:00:00:00:00:08 host ipv4=10.244.0.8 extra4=10.96.0.10
//   endpoint 1 10.244.0.7 vtep=1 identity=5 epoch=2 ifindex=7 mac=02:00:00:00:00:07
//   service 1 10.96.0.7
//     port tcp 80
//       backend 10.244.0.7:8080
//       backend 10.244.1.9:8080 weight=3
//   edge own4=192.0.2.1 flows=2097152
//   edge_service 1 198.51.100.7 affinity=source settled=1
//     ports tcp 80
//     ports udp 5000-5999
//     server 192.0.2.11 deliver=ipip via=02:00:00:00:00:01 own=02:00:00:00:00:02
//     base 192.0.2.11                     what the rings begin from: its members, and below it
//       slots 0 0 0 ...                   the owner of each slot, of all 256, 1024, ...
//     ring 192.0.2.11 192.0.2.12*3        members, weights, behind a change; the oldest first
//
// Values that a field has anyway may be left out, and format leaves most of
// them out. Indentation is free, '#' begins a comment, empty lines are skipped.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "dataplane/model/forwarding_state.h"

namespace fairlead::model {

std::string format(const ForwardingState& state);

// The result is normalized. An error's object is "line N", its reason names the word.
Result<ForwardingState> parse(std::string_view text);

}  // namespace fairlead::model
