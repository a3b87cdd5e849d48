// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/forwarding_state.h"

#include <algorithm>

namespace fairlead::model {

void normalize(ForwardingState& state) {
  std::ranges::sort(state.networks);
  std::ranges::sort(state.vteps);
  std::ranges::sort(state.links);
  std::ranges::sort(state.endpoints);
  for (NetworkRow& network : state.networks) std::ranges::sort(network.prefixes);
  for (ServiceRow& service : state.services) {
    for (ServicePortRow& port : service.ports) std::ranges::sort(port.backends);
    std::ranges::sort(service.ports);
  }
  std::ranges::sort(state.services);
}

}  // namespace fairlead::model
