// SPDX-License-Identifier: Apache-2.0
// Any octets as lb.yaml: refused with at least one diagnostic and no more than the bound, or what it says
// validates once its servers have next hops.
#include "base/check.h"
#include "dataplane/lb/config/config.h"
#include "dataplane/model/edge/validate_edge.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  const auto config = lb::parse_config("fuzz", {reinterpret_cast<const char*>(data), size});
  if (!config) {
    FL_CHECK(!config.error().empty() && config.error().size() <= document::kMaxDiagnostics);
    for (const auto& d : config.error()) FL_CHECK(!d.reason.empty());
    return 0;
  }
  model::EdgeState edge;
  edge.self.flows = config->flows;
  edge.self.own4 = IpAddress::v4(1);
  edge.self.own6.bytes.back() = 2;
  for (const lb::ServiceConfig& service : config->services) {
    edge.services.push_back(lb::edge_service(service, static_cast<std::uint32_t>(edge.services.size() + 1)));
    for (model::EdgeServer& server : edge.services.back().servers) server.next_hop.bytes[5] = 1;
  }
  FL_CHECK(model::validate_edge(edge).has_value());
  return 0;
}
