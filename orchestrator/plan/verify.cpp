// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/plan/verify.h"

#include <algorithm>
#include <set>
#include <utility>

#include "control/catalog/template_hash.h"
#include "orchestrator/plan/leasing.h"
#include "orchestrator/reconciler/reconcile.h"
#include "orchestrator/scheduler/capacity.h"

namespace fairlead::plan {
namespace {

constexpr const char* kAgain = "decide again on the newest facts";

template <class T>
Expectation as_is(const T& object) {
  return {key_of(Object(object)), object.meta.revision};
}

Expectation absent(Kind kind, const std::string& ns, const std::string& name) {
  return {{kind, ns, name}, {}};
}

std::string show(Kind kind, const ObjectName& name) { return display_name(kind, name.first, name.second); }

std::string show_ports(const Service& service) {
  std::string text = format(service.vip4) + " " + format(service.vip6);
  for (const ServicePort& port : service.ports) {
    text += "  " + std::to_string(port.port) + "->" + port.name;
    if (port.protocol == Protocol::udp) text += "/udp";
    if (port.scope == Scope::edge) text += " edge";
  }
  return text;
}

class Verifier {
 public:
  Verifier(const scheduler::Plan& plan, const Snapshot& newest, const ipam::Leases& leases)
      : plan_(plan), newest_(newest), leasing_(leases), capacity_(newest) {}

  Writes run() {
    writes_.refused = plan_.refused;
    for (const auto& removal : plan_.rest.remove) remove(removal);
    for (const auto& stop : plan_.rest.stop) settle(Kind::pod, stop.pod, this->stop(stop));
    for (const auto& name : plan_.rest.remove_services) withdraw(name);
    for (const auto& service : plan_.services)
      settle(Kind::service, {service.service.meta.ns, service.service.meta.name}, expose(service));
    for (const auto& placement : plan_.placements) place(placement);
    for (const auto& change : plan_.rest.statuses) tell(change);
    return std::move(writes_);
  }

 private:
  void settle(Kind kind, const ObjectName& name, Result<void> done) {
    if (!done) writes_.refused.push_back(std::move(done).error().within(show(kind, name)));
  }

  void event(Kind kind, const ObjectName& name, const char* reason, std::string message,
             bool warning = false) {
    writes_.events.push_back({{kind, name.first, name.second}, warning, reason, std::move(message)});
  }

  // The job as the plan saw it; null when it was deleted. A job that changed is decided again.
  Result<std::shared_ptr<const Job>> job_as_planned(const std::string& ns, const std::string& name) const {
    auto job = find(newest_.jobs, ns, name);
    if (job && job->meta.revision > plan_.based_on)
      return fail(Code::conflict, show(Kind::job, {ns, name}), "changed meanwhile", kAgain);
    return job;
  }

  void expect_job(const std::shared_ptr<const Job>& job, const std::string& ns, const std::string& name,
                  Unit& unit) {
    unit.expect.push_back(job ? as_is(*job) : absent(Kind::job, ns, name));
  }

  void rest_pair(Kind kind, const Meta& owner, const IpAddress& four, const IpAddress& six, Unit& unit) {
    for (const IpAddress& address : {four, six})
      settle(kind, {owner.ns, owner.name}, leasing_.rest(address, owner.uid, unit));
  }

  void remove(const reconciler::Removal& removal) {
    const auto pod = find(newest_.pods, removal.pod.first, removal.pod.second);
    if (!pod) return;
    const bool no_node = !find(newest_.nodes, "", pod->node);
    if (!no_node && pod->status.phase != PodPhase::gone) return;
    Unit unit;
    unit.expect.push_back(as_is(*pod));
    if (no_node) unit.expect.push_back(absent(Kind::node, "", pod->node));
    unit.erase.push_back({Kind::pod, pod->meta.ns, pod->meta.name});
    rest_pair(Kind::pod, pod->meta, pod->ipv4, pod->ipv6, unit);
    event(Kind::pod, removal.pod, "Removed", removal.why + "; " + rest_text(pod->ipv4, pod->ipv6));
    writes_.units.push_back(std::move(unit));
  }

  Result<void> stop(const reconciler::Stop& stop) {
    const auto found = find(newest_.pods, stop.pod.first, stop.pod.second);
    if (!found || (found->stop && (!stop.lost || found->lost))) return {};
    FL_TRY(const auto job, job_as_planned(found->meta.ns, found->job));
    if (found->meta.revision > plan_.based_on)
      return fail(Code::conflict, "its status", "changed meanwhile", kAgain);
    Unit unit;
    unit.expect.push_back(as_is(*found));
    expect_job(job, found->meta.ns, found->job, unit);
    unit.put.emplace_back(reconciler::told_to_stop(*found, job.get(), stop.lost));
    event(Kind::pod, stop.pod, stop.lost ? "Lost" : "Stopping", stop.why, stop.lost);
    writes_.units.push_back(std::move(unit));
    return {};
  }

  void withdraw(const ObjectName& name) {
    const auto service = find(newest_.services, name.first, name.second);
    const auto job = find(newest_.jobs, name.first, name.second);
    if (!service || (job && reconciler::wanted_service(*job))) return;
    Unit unit;
    unit.expect.push_back(as_is(*service));
    expect_job(job, name.first, name.second, unit);
    unit.erase.push_back({Kind::service, name.first, name.second});
    rest_pair(Kind::service, service->meta, service->vip4, service->vip6, unit);
    event(Kind::service, name, "Withdrawn", "its addresses " + rest_text(service->vip4, service->vip6));
    writes_.units.push_back(std::move(unit));
  }

  Result<void> expose(const scheduler::ServicePlan& wanted) {
    const Service& service = wanted.service;
    FL_TRY(const auto job, job_as_planned(service.meta.ns, service.job));
    const auto now = find(newest_.services, service.meta.ns, service.meta.name);
    const Revision seen = now ? now->meta.revision : Revision{};
    const Revision planned = wanted.leases.empty() ? service.meta.revision : Revision{};
    if (!job || seen != planned) return fail(Code::conflict, "the service", "changed meanwhile", kAgain);
    Unit unit;
    unit.expect = {{key_of(Object(service)), seen}, as_is(*job)};
    if (!wanted.leases.empty()) FL_TRY_OK(leasing_.take_pair(wanted.leases[0], wanted.leases[1], unit));
    unit.put.emplace_back(service);
    event(Kind::service, {service.meta.ns, service.meta.name}, "Exposed", show_ports(service));
    writes_.units.push_back(std::move(unit));
    return {};
  }

  void place(const scheduler::Placement& placement) {
    const Meta& meta = placement.pod.meta;
    auto done = place_on_node(placement);
    if (done) return;
    short_of_.insert({meta.ns, placement.pod.job});
    settle(Kind::pod, {meta.ns, meta.name}, std::move(done));
  }

  Result<void> place_on_node(const scheduler::Placement& placement) {
    const Pod& pod = placement.pod;
    FL_TRY(const auto job, job_as_planned(pod.meta.ns, pod.job));
    if (!job || template_hash(job->pod) != pod.template_hash ||
        find(newest_.pods, pod.meta.ns, pod.meta.name))
      return fail(Code::conflict, "its job", "changed meanwhile", kAgain);
    const std::size_t i = capacity_.index_of(pod.node);
    if (i == capacity_.size())
      return fail(Code::conflict, "node " + pod.node, "was deleted meanwhile", kAgain);
    const Node& node = capacity_.node(i);
    const scheduler::Demand demand = scheduler::demand_of(pod.pod);
    if (auto why = scheduler::refusal(node, capacity_.used(i), demand, job->place.nodes); !why.empty())
      return fail(Code::conflict, "node " + pod.node, std::move(why), kAgain);
    Unit unit;
    unit.expect = {as_is(*job), as_is(node), absent(Kind::pod, pod.meta.ns, pod.meta.name)};
    FL_TRY_OK(leasing_.take_pair(placement.lease4, placement.lease6, unit));
    capacity_.take(i, demand);
    unit.put.emplace_back(pod);
    event(Kind::pod, {pod.meta.ns, pod.meta.name}, "Placed",
          "on " + pod.node + " (" + placement.why + "), " + format(pod.ipv4) + " " + format(pod.ipv6));
    writes_.units.push_back(std::move(unit));
    return {};
  }

  // Last, because the Units before expect the job as it was.
  void tell(const reconciler::StatusChange& change) {
    const auto job = job_as_planned(change.job.first, change.job.second);
    if (!job || !*job || (*job)->status == change.status || short_of_.contains(change.job)) return;
    Unit unit;
    unit.expect.push_back(as_is(**job));
    Job told = **job;
    told.status = change.status;
    unit.put.emplace_back(std::move(told));
    const auto missing = std::find_if(plan_.not_placed.begin(), plan_.not_placed.end(),
                                      [&](const auto& m) { return m.job == change.job; });
    if (missing != plan_.not_placed.end() && change.status.why != (*job)->status.why)
      event(Kind::job, change.job, "NotPlaced", change.status.why, true);
    writes_.units.push_back(std::move(unit));
  }

  const scheduler::Plan& plan_;
  const Snapshot& newest_;
  Leasing leasing_;
  scheduler::Capacity capacity_;
  std::set<ObjectName> short_of_;  // jobs of which a placement was refused here
  Writes writes_;
};

}  // namespace

Writes verify(const scheduler::Plan& plan, const Snapshot& newest, const ipam::Leases& leases) {
  return Verifier(plan, newest, leases).run();
}

Writes free_rested(const ipam::Leases& leases, Revision acknowledged) {
  constexpr std::size_t kAtOnce = 64;
  Writes writes;
  for (ipam::Change& change : leases.free_rested(acknowledged, kAtOnce)) {
    Unit unit;
    unit.leases.push_back(std::move(change));
    writes.units.push_back(std::move(unit));
  }
  return writes;
}

}  // namespace fairlead::plan
