// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/reconciler/reconcile.h"

#include <algorithm>
#include <set>

#include "control/catalog/template_hash.h"
#include "orchestrator/reconciler/identity.h"
#include "orchestrator/reconciler/rollout.h"

namespace fairlead::reconciler {
namespace {

const ContainerPort* find_port(const Job& job, const std::string& name) {
  for (const Container& container : job.pod.containers)
    for (const ContainerPort& port : container.ports)
      if (port.name == name) return &port;
  return nullptr;
}

bool is_silent(const Node& node) { return node.status.state == NodeState::silent; }

// When a silent node's pods are due. Of known silence only what is left of it is counted from now on.
WallTime due_at(const Node& node, WallTime now, const Rules& rules) {
  const auto known = rules.silent_for.find(node.meta.name);
  const WallTime since = known == rules.silent_for.end() ? node.status.since : now - known->second;
  return since + rules.replace_after;
}

ObjectName name_of(const Meta& meta) { return {meta.ns, meta.name}; }

// One call's work: reads the snapshot, collects the Changes.
class Reconciler {
 public:
  Reconciler(const Snapshot& snapshot, WallTime now, const Rules& rules)
      : snapshot_(snapshot), now_(now), rules_(rules), held_(held(snapshot, now, rules)) {}

  Changes run() {
    for (const auto& [name, pod] : snapshot_.pods) sort_out(name, *pod);
    for (const auto& [name, job] : snapshot_.jobs) roll(*job);
    for (const auto& [name, job] : snapshot_.jobs) expose(*job);
    for (const auto& [name, service] : snapshot_.services) retract(name);
    return std::move(changes_);
  }

 private:
  // What becomes of a pod whatever its job's numbers are; the others are live.
  void sort_out(const ObjectName& name, const Pod& pod) {
    const auto node = find(snapshot_.nodes, "", pod.node);
    if (!node || pod.status.phase == PodPhase::gone) {
      changes_.remove.push_back(
          {name, node ? pod.node + " has removed everything of it" : "node " + pod.node + " was deleted"});
      return;
    }
    if (pod.lost) return;
    const bool silent = node->status.state == NodeState::silent;
    const bool due = !held_ && is_time_up(*node, now_, rules_);
    const bool lost = due && lost_ < rules_.at_most;
    if (due && !lost) ++changes_.postponed;
    if (lost) {
      ++lost_;
      const std::string why =
          "node " + pod.node + " is silent for longer than " + format_duration(rules_.replace_after);
      changes_.stop.push_back({name, why, true});
    } else if (pod.stop) {
      return;
    } else if (!snapshot_.jobs.contains({pod.meta.ns, pod.job})) {
      changes_.stop.push_back({name, display_name(Kind::job, pod.meta.ns, pod.job) + " was deleted", false});
    } else {
      live_[{pod.meta.ns, pod.job}].push_back({&pod, silent});
    }
  }

  void roll(const Job& job) {
    const std::string newest = template_hash(job.pod);
    Rollout step = rollout(job, newest, std::move(live_[name_of(job.meta)]));
    for (Retired& retired : step.stop)
      changes_.stop.push_back({name_of(retired.pod->meta), std::move(retired.why), false});
    for (std::uint32_t i = 0; i < step.create; ++i) changes_.create.push_back(new_pod(job, newest, i));
    if (step.create > 0 || step.status != job.status)
      changes_.statuses.push_back({name_of(job.meta), std::move(step.status)});
  }

  std::string network_of_namespace(const std::string& ns) const {
    const auto found = find(snapshot_.namespaces, "", ns);
    return found ? found->network : "";
  }

  Pod new_pod(const Job& job, const std::string& newest, std::uint64_t count) {
    const Origin origin{job.meta.uid, snapshot_.revision, count};
    Pod pod;
    pod.meta.ns = job.meta.ns;
    pod.meta.labels = job.meta.labels;
    pod.meta.created = now_;
    for (std::uint64_t attempt = 0;; ++attempt) {
      pod.meta.name = pod_name(job.meta.name, origin, attempt);
      if (!snapshot_.pods.contains(name_of(pod.meta)) && new_names_.insert(name_of(pod.meta)).second) break;
    }
    pod.meta.uid = make_uid("pod/" + pod.meta.name, origin);
    pod.job = job.meta.name;
    pod.network = network_of_namespace(job.meta.ns);
    pod.pod = job.pod;
    pod.template_hash = newest;
    pod.drain = job.update.drain;
    pod.status.since = now_;
    return pod;
  }

  void expose(const Job& job) {
    auto wanted = wanted_service(job);
    if (!wanted) return;
    if (const auto have = find(snapshot_.services, job.meta.ns, job.meta.name)) {
      wanted->vip4 = have->vip4;
      wanted->vip6 = have->vip6;
      wanted->network = have->network;
      const Labels labels = std::move(wanted->meta.labels);
      wanted->meta = have->meta;
      wanted->meta.labels = labels;
      if (*wanted == *have) return;
    } else {
      wanted->meta.created = now_;
      wanted->network = network_of_namespace(job.meta.ns);
      wanted->meta.uid = make_uid("service", {job.meta.uid, snapshot_.revision, 0});
    }
    changes_.services.push_back(*std::move(wanted));
  }

  void retract(const ObjectName& name) {
    const auto job = find(snapshot_.jobs, name.first, name.second);
    if (!job || !wanted_service(*job)) changes_.remove_services.push_back(name);
  }

  const Snapshot& snapshot_;
  const WallTime now_;
  const Rules& rules_;
  const std::optional<std::string> held_;
  std::size_t lost_ = 0;
  std::map<ObjectName, std::vector<LivePod>> live_;
  std::set<ObjectName> new_names_;
  Changes changes_;
};

}  // namespace

std::optional<Service> wanted_service(const Job& job) {
  Service service;
  for (const Expose& expose : job.expose)
    if (const ContainerPort* port = find_port(job, expose.to))
      service.ports.push_back({port->name, expose.port, port->port, port->protocol, expose.scope});
  if (service.ports.empty()) return std::nullopt;
  service.meta.name = job.meta.name;
  service.meta.ns = job.meta.ns;
  service.meta.labels = job.meta.labels;
  service.job = job.meta.name;
  return service;
}

std::optional<std::string> held(const Snapshot& snapshot, WallTime now, const Rules& rules) {
  if (now < rules.not_before) return "control has only just begun to listen";
  const auto silent = static_cast<std::size_t>(
      std::ranges::count_if(snapshot.nodes, [](const auto& n) { return is_silent(*n.second); }));
  if (2 * silent <= snapshot.nodes.size()) return std::nullopt;
  return std::to_string(silent) + " of " + std::to_string(snapshot.nodes.size()) + " nodes are silent";
}

bool is_time_up(const Node& node, WallTime now, const Rules& rules) {
  return is_silent(node) && due_at(node, now, rules) <= now;
}

Pod told_to_stop(Pod pod, const Job* job, bool lost) {
  pod.stop = true;
  pod.lost |= lost;
  if (job != nullptr) pod.drain = job->update.drain;
  return pod;
}

Changes reconcile(const Snapshot& snapshot, WallTime now, const Rules& rules) {
  return Reconciler(snapshot, now, rules).run();
}

std::optional<WallTime> next_deadline(const Snapshot& snapshot, WallTime now, const Rules& rules) {
  std::optional<WallTime> next;
  for (const auto& [name, node] : snapshot.nodes) {
    const WallTime due = std::max(due_at(*node, now, rules), rules.not_before);
    if (is_silent(*node) && due > now && (!next || due < *next)) next = due;
  }
  return next;
}

}  // namespace fairlead::reconciler
