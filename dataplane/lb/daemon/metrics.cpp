// SPDX-License-Identifier: Apache-2.0
#include "control/metrics/families.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/lb/daemon/lb.h"
#include "dataplane/lb/why/explain.h"

namespace fairlead::lb {
namespace {

using metrics::Families;
using metrics::MetricType;

void add_backends(Families& families, const api::Backends& backends) {
  const auto each = [&](MetricType type, const char* name, const char* help, auto value_of) {
    families.add(type, name, help);
    for (const api::Backend& backend : backends.items)
      families.value(static_cast<double>(value_of(backend)),
                     {{"service", backend.service}, {"server", format(backend.address)}});
  };
  each(MetricType::Counter, "lb_flows_total", "Flows given to a server, as far as they were told apart",
       [](const api::Backend& b) { return b.flows; });
  each(MetricType::Counter, "lb_packets_total", "Packets sent to a server",
       [](const api::Backend& b) { return b.packets; });
  each(MetricType::Gauge, "lb_up", "1 while a server's probes succeed, or nobody probes it",
       [](const api::Backend& b) { return b.state == "up" || b.state == "unchecked" ? 1 : 0; });
  each(MetricType::Gauge, "lb_ring_share", "A server's part of the ring's slots",
       [](const api::Backend& b) { return b.share; });
}

void add_services(Families& families, const std::vector<api::ServiceStatus>& services) {
  const auto each = [&](const char* name, const char* help, auto value_of) {
    families.add(MetricType::Gauge, name, help);
    for (const api::ServiceStatus& service : services)
      families.value(static_cast<double>(value_of(service)), {{"service", service.name}});
  };
  each("lb_ring_slots", "Slots of a service's ring", [](const auto& s) { return s.slots; });
  each("lb_ring_changed_slots", "Slots that have changed hands", [](const auto& s) { return s.changed; });
  each("lb_ring_changes", "Changes of the ring that are remembered", [](const auto& s) { return s.changes; });
  each("lb_servers_in_ring", "Servers that take new connections", [](const auto& s) { return s.in_ring; });
}

}  // namespace

std::string Lb::metrics() const {
  Families families;
  const api::Status now = status();
  add_services(families, now.services);
  if (const auto all = backends("")) add_backends(families, *all);
  families.gauge("lb_flow_table_room", "Flows that the table has room for", now.flows);
  families.gauge("lb_flow_table_used", "Flows that are remembered", now.remembered);
  families.gauge("lb_config_refused", "1 while the newest file or its tables are not in use",
                 now.reload_error.empty() ? 0 : 1);
  families.gauge("lb_links_lost", "Links of the file that are gone", lost_.size());
  families.add(MetricType::Counter, "lb_verdicts_total", "Packets by where they ended");
  if (const auto counters = tables_->engine().counters())
    for (std::uint32_t verdict = 0; verdict < counters->size(); ++verdict)
      if ((*counters)[verdict].packets > 0)
        families.value(static_cast<double>((*counters)[verdict].packets),
                       {{"verdict", std::string(verdict_name(verdict))}});
  families.add(MetricType::Counter, "lb_unremembered_packets_total",
               "Packets of flows that found no room in the flow table");
  families.value(static_cast<double>(tables_->unremembered()), {});
  const auto losses = tables_->engine().losses();
  if (!losses.empty())
    families.add(MetricType::Counter, "lb_losses_total", "Packets that the engine had no place for");
  for (const model::EdgeLoss& loss : losses)
    families.value(static_cast<double>(loss.packets), {{"reason", loss.name}});
  return families.text();
}

}  // namespace fairlead::lb
