// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "control/server/cluster/apply.h"
#include "orchestrator/scheduler/place.h"

namespace fairlead::server {
namespace {

Snapshot with(const Snapshot& snapshot, const plan::Unit& unit) {
  Snapshot after = snapshot;
  after.revision = Revision(snapshot.revision.value + 1);
  for (const plan::ObjectKey& key : unit.erase) after.erase(key.kind, key.ns, key.name);
  for (Object object : unit.put) {
    meta_of(object).revision = after.revision;
    after.put(std::move(object));
  }
  return after;
}

void join(std::string& text, const std::string& part) {
  if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
}

std::string plural(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

// "n1 1, n2 2"
std::string places_of(const scheduler::Plan& plan, const plan::ObjectKey& job) {
  std::map<std::string, std::size_t> count;
  for (const scheduler::Placement& placement : plan.placements)
    if (placement.pod.meta.ns == job.ns && placement.pod.job == job.name) ++count[placement.pod.node];
  std::string text;
  for (const auto& [node, pods] : count) join(text, node + " " + std::to_string(pods));
  return text;
}

std::string refusals_of(const scheduler::Plan& plan, const plan::ObjectKey& job) {
  std::string text;
  for (const scheduler::NotPlaced& not_placed : plan.not_placed)
    if (not_placed.job == ObjectName{job.ns, job.name})
      join(text, std::to_string(not_placed.pods) + " not placed (" + scheduler::format(not_placed) + ")");
  return text;
}

std::string detail_of(const Snapshot& before, const Snapshot& after, const scheduler::Plan& plan,
                      const plan::ObjectKey& key) {
  const auto old = find(before.jobs, key.ns, key.name);
  const auto now = find(after.jobs, key.ns, key.name);
  const std::size_t pods = before.pods_of(key.ns, key.name).size();
  if (!now) return pods == 0 ? "" : "stops " + plural(pods, "pod");
  std::string text;
  if (old && old->replicas != now->replicas)
    join(text, "replicas " + std::to_string(old->replicas) + " -> " + std::to_string(now->replicas));
  if (old && old->pod != now->pod && pods > 0) {
    join(text, "replaces " + plural(pods, "pod"));
  } else {
    join(text, places_of(plan, key));
  }
  join(text, refusals_of(plan, key));
  return text;
}

// "10.96.0.11 fd00:96::b  80->http"
std::string detail_of(const Service& service) {
  std::string text = format(service.vip4) + " " + format(service.vip6) + " ";
  for (const ServicePort& port : service.ports) text += " " + std::to_string(port.port) + "->" + port.name;
  return text;
}

bool is_touched(const Intent& intent, const std::string& ns, const std::string& job) {
  return std::find(intent.touched.begin(), intent.touched.end(), plan::ObjectKey{Kind::job, ns, job}) !=
         intent.touched.end();
}

}  // namespace

void preview(Intent& intent, const Snapshot& snapshot, const ipam::Leases& leases,
             const reconciler::Rules& rules, WallTime now) {
  const Snapshot after = with(snapshot, intent.unit);
  ipam::Leases with_networks;
  if (after.networks != snapshot.networks) {
    with_networks = leases;
    if (const auto blocks = scheduler::control_blocks(after); blocks) (void)with_networks.set_blocks(*blocks);
  }
  const ipam::Leases& then = after.networks == snapshot.networks ? leases : with_networks;
  const scheduler::Plan plan =
      scheduler::place(after, then, reconciler::reconcile(after, now, rules), snapshot.cluster_seed);
  for (const plan::ObjectKey& key : intent.touched)
    for (proto::Change& change : intent.changes)
      if (change.object == display_name(key.kind, key.ns, key.name))
        change.detail = detail_of(snapshot, after, plan, key);
  for (const scheduler::ServicePlan& made : plan.services) {
    const Service& service = made.service;
    if (!is_touched(intent, service.meta.ns, service.job)) continue;
    const bool existed = find(snapshot.services, service.meta.ns, service.meta.name) != nullptr;
    intent.changes.push_back(
        {existed ? "update" : "create", display_name(Object(service)), detail_of(service)});
  }
  for (const auto& [ns, name] : plan.rest.remove_services)
    if (is_touched(intent, ns, name))
      intent.changes.push_back({"delete", display_name(Kind::service, ns, name), ""});
}

}  // namespace fairlead::server
