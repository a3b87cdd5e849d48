// SPDX-License-Identifier: Apache-2.0
#include "control/server/cluster/explain.h"

#include <algorithm>

#include "control/catalog/fields.h"
#include "control/catalog/network.h"
#include "control/server/nodes/disk.h"
#include "orchestrator/scheduler/place.h"

namespace fairlead::server {
namespace {

constexpr std::size_t kEvents = 5;

void add_events(Explanation& out, const Facts& facts) {
  const std::vector<proto::Event> events = facts.events.list(out.object, 0);
  const std::size_t first = events.size() > kEvents ? events.size() - kEvents : 0;
  for (std::size_t i = events.size(); i > first; --i) {
    const proto::Event& event = events[i - 1];
    out.evidence.push_back(format_time(event.time) + " " + event.reason + " " + event.message);
  }
}

std::string for_how_long(WallTime since, WallTime now) {
  return since == WallTime{} || now < since
             ? ""
             : " for " +
                   format_duration(Millis(std::max<std::int64_t>(1, (now - since) / Millis(1000)) * 1000));
}

std::string text_of(const Awaited& node) {
  return node.node + " has tables of revision " + std::to_string(node.applied.value) +
         (node.behind >= Millis(1000) ? ", for " + format_duration(node.behind) + " now" : "");
}

Explanation explain_node(const Node& node, const Hearing& hearing, WallTime now) {
  Explanation out{display_name(Object(node)), "ready", "", {}, ""};
  auto trouble = hearing.tables(node.meta.name);
  out.evidence = std::move(trouble.lines);
  if (node.status.state == NodeState::ready && !node.status.why.empty()) {
    out.cause = node.status.why;
    out.fix = kDiskFix;
    return out;
  }
  if (node.status.state == NodeState::ready) {
    if (out.evidence.empty()) return out;
    out.cause = out.evidence.front();
    out.evidence.erase(out.evidence.begin());
    out.fix = std::move(trouble.fix);
    return out;
  }
  out.state = "silent";
  const auto stuck = hearing.behind(node.meta.name);
  out.cause = stuck ? "it is heard, but its tables stand still: " + text_of(*stuck)
                    : "its agent has not been heard" + for_how_long(node.status.since, now);
  if (hearing.held) out.evidence.push_back("its pods are not replaced: " + *hearing.held);
  out.fix = "look at fairlead-agent on " + node.meta.name + " (" + format(node.address) +
            "); if the machine is gone for good: fairlead delete node " + node.meta.name;
  return out;
}

// Why a pod that shall stop is still there.
void explain_stop(Explanation& out, const Pod& pod, const Hearing& hearing) {
  out.cause = "it is being removed";
  const std::vector<Awaited> missing = hearing.awaited(pod.meta.revision);
  if (missing.empty() || pod.status.phase != PodPhase::stopping) return;
  out.cause = "its removal waits until every node's tables are without it (revision " +
              std::to_string(pod.meta.revision.value) + "): " + text_of(missing.front());
  for (std::size_t i = 1; i < missing.size(); ++i) out.evidence.push_back(text_of(missing[i]));
  out.fix =
      "look at fairlead-agent on " + missing.front().node + "; it is not waited for once it counts as silent";
}

std::string fix_of(const Pod& pod) {
  switch (pod.status.phase) {
    case PodPhase::placed:
      return "check that fairlead-agent runs on " + pod.node;
    case PodPhase::starting:
      return "fairlead events pod/" + pod.meta.name;
    case PodPhase::running:
      return "fairlead logs " + pod.meta.name;
    case PodPhase::failed:  // without an exit nothing of it has run, and nothing is in its log
      return (pod.status.exit_code ? "fairlead logs " : "fairlead events pod/") + pod.meta.name;
    default:
      return "";
  }
}

std::string cause_of(const Pod& pod) {
  if (!pod.status.why.empty()) return pod.status.why;
  switch (pod.status.phase) {
    case PodPhase::placed:
      return pod.node + " has not begun with it";
    case PodPhase::starting:
      return pod.node + " is making it";
    case PodPhase::running:
      return "its ready probe has not succeeded yet";
    case PodPhase::failed:
      return "it ended";
    default:
      return "";
  }
}

Explanation explain_pod(const Facts& facts, const Pod& pod, const Hearing& hearing, WallTime now) {
  Explanation out{display_name(Object(pod)), std::string(to_string(pod.status.phase)), "", {}, ""};
  const auto node = find(facts.snapshot.nodes, "", pod.node);
  if (!node || node->status.state == NodeState::silent) {
    out.cause = "its node " + pod.node + " does not exist any more";
    out.fix = "fairlead delete " + out.object;
    if (node) {
      const Explanation silent = explain_node(*node, hearing, now);
      out.cause = pod.node + " is silent: " + silent.cause;
      out.fix = silent.fix;
    }
    if (pod.lost)
      out.evidence.push_back("it was replaced; its addresses rest until " + pod.node +
                             " answers or is deleted");
    else if (hearing.held)
      out.evidence.push_back("it is not replaced: " + *hearing.held);
  } else if (pod.stop) {
    explain_stop(out, pod, hearing);
  } else if (pod.status.phase != PodPhase::ready) {
    out.cause = cause_of(pod);
    out.fix = fix_of(pod);
  }
  out.evidence.push_back(pod.node + " says " + out.state + for_how_long(pod.status.since, now));
  if (pod.status.next_try > now)
    out.evidence.push_back(
        "tried again in " +
        format_duration(std::max(Millis(1000), Millis((pod.status.next_try - now) / Millis(1000) * 1000))));
  if (pod.status.restarts > 0) out.evidence.push_back(std::to_string(pod.status.restarts) + " restarts");
  if (pod.status.exit_code) out.evidence.push_back("last exit code " + std::to_string(*pod.status.exit_code));
  return out;
}

// Fewer pods than wanted: what each node says to one more.
void explain_missing(Explanation& out, const Facts& facts, const Job& job) {
  const auto candidates = scheduler::explain_placement(facts.snapshot, job, facts.snapshot.cluster_seed);
  std::size_t fitting = 0;
  for (const scheduler::Candidate& candidate : candidates) {
    if (candidate.refusal.empty())
      ++fitting;
    else
      out.evidence.push_back(candidate.node + ": " + candidate.refusal);
  }
  if (candidates.empty()) {
    out.cause = "there is no node";
    out.fix = "join one: fairlead-agent --join ADDRESS --token-file FILE";
  } else if (fitting == 0) {
    out.cause = "no node can take another pod of it";
    out.fix = "lower resources or replicas, relax `place`, or join a node";
  }
}

Explanation explain_job(const Facts& facts, const Job& job, const Hearing& hearing, WallTime now) {
  Explanation out{display_name(Object(job)), "", "", {}, ""};
  std::size_t ready = 0, wanted = 0;
  const Pod* first_bad = nullptr;
  const auto pods = facts.snapshot.pods_of(job.meta.ns, job.meta.name);
  for (const auto& pod : pods) {
    if (pod->stop) continue;
    ++wanted;
    const bool is_ready = explain_pod(facts, *pod, hearing, now).cause.empty();
    ready += is_ready ? 1 : 0;
    if (!is_ready && first_bad == nullptr) first_bad = pod.get();
  }
  out.state = std::to_string(ready) + "/" + std::to_string(job.replicas) + " ready";
  if (wanted < job.replicas) explain_missing(out, facts, job);
  if (out.cause.empty() && first_bad != nullptr) {
    Explanation pod = explain_pod(facts, *first_bad, hearing, now);
    out.cause = pod.object + ": " + pod.cause;
    out.fix = pod.fix;
    for (std::string& line : pod.evidence) out.evidence.push_back(std::move(line));
  }
  if (out.cause.empty() && ready < job.replicas)
    out.cause = job.status.why.empty() ? "its pods are being made" : job.status.why;
  return out;
}

Explanation explain_network(const Facts& facts, const Network& network) {
  const auto in_it = [&](const auto& item) {
    return network_name(item.second->network) == network.meta.name;
  };
  const auto counted = [&](const auto& table, const std::string& what) {
    const auto count = std::ranges::count_if(table, in_it);
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  };
  Explanation out{display_name(Object(network)), "", "", {}, ""};
  out.state = counted(facts.snapshot.namespaces, "namespace") + ", " + counted(facts.snapshot.pods, "pod") +
              ", " + counted(facts.snapshot.services, "service");
  out.evidence.push_back("vni " + std::to_string(network.vni) + ", mode " +
                         kNetworkModes.write(network.mode).text + ", mtu " +
                         (network.mtu ? std::to_string(*network.mtu) : "of each node's uplink"));
  for (const ipam::Ledger& ledger : facts.leases.ledgers()) {
    const ipam::Block& block = ledger.block();
    if (!block.pool.starts_with(pool_name(network.meta.name, ""))) continue;
    const ipam::Counts counts = ledger.counts();
    out.evidence.push_back(block.pool + " " + format(block.prefix) + ": " + std::to_string(counts.held) +
                           " held, " + std::to_string(counts.resting) + " resting, " +
                           std::to_string(counts.free) + " free");
    if (counts.free > 0 || !out.cause.empty()) continue;
    out.cause = "no address of " + block.pool + " is free";
    out.fix = counts.resting > 0 ? "wait until every node has forgotten the resting ones, or stop pods"
                                 : "stop pods, or put new namespaces into another network";
  }
  for (const auto& [name, node] : facts.snapshot.nodes)
    if (out.cause.empty() && host_of(*node, network.meta.name).ipv4.is_none()) {
      out.cause = "node " + node->meta.name + " has no address in it";
      out.fix = "stop pods until a pool that is full has room, or delete nodes that are gone";
    }
  return out;
}

// All is well by its node; what edges see of it, by their own probes.
void explain_edges(Explanation& out, const Snapshot& all, const Service* service, const Pod* pod) {
  const auto ring = service ? find(all.rings, service->meta.ns, service->meta.name) : nullptr;
  if (!ring || !out.cause.empty()) return;
  std::string unreached;
  for (const IpAddress& address : ring->unreached)
    if (!pod || address == first_address(*pod))
      unreached += (unreached.empty() ? "" : ", ") + format(address);
  if (unreached.empty()) return;
  out.cause = "no edge reaches " + unreached + ": new connections from the world go elsewhere, if they can";
  out.fix = "fairlead lb backends, on an edge, says what its probes found";
}

const Service* service_of(const Snapshot& all, const Pod& pod) {
  for (const auto& [name, service] : all.services)
    if (service->meta.ns == pod.meta.ns && service->job == pod.job) return service.get();
  return nullptr;
}

Result<Explanation> explain_object(const Facts& facts, const plan::ObjectKey& key, const Hearing& hearing,
                                   WallTime now) {
  const Snapshot& all = facts.snapshot;
  if (key.kind == Kind::pod)
    if (const auto pod = find(all.pods, key.ns, key.name)) {
      Explanation out = explain_pod(facts, *pod, hearing, now);
      explain_edges(out, all, service_of(all, *pod), pod.get());
      return out;
    }
  if (key.kind == Kind::job)
    if (const auto job = find(all.jobs, key.ns, key.name)) return explain_job(facts, *job, hearing, now);
  if (key.kind == Kind::node)
    if (const auto node = find(all.nodes, key.ns, key.name)) return explain_node(*node, hearing, now);
  if (key.kind == Kind::network)
    if (const auto network = find(all.networks, key.ns, key.name)) return explain_network(facts, *network);
  if (key.kind == Kind::service) {
    const auto service = find(all.services, key.ns, key.name);
    const auto job = service ? find(all.jobs, key.ns, service->job) : nullptr;
    if (job) {
      Explanation out = explain_job(facts, *job, hearing, now);
      out.object = display_name(Object(*service));
      explain_edges(out, all, service.get(), nullptr);
      return out;
    }
  }
  const std::string name = display_name(key.kind, key.ns, key.name);
  if (key.kind == Kind::namespace_ || key.kind == Kind::ring)
    return fail(Code::unsupported, name, "has no state to explain",
                "explain a job, pod, service, node or network");
  if (!facts.events.list(name, 0).empty()) return Explanation{name, "does not exist any more", "", {}, ""};
  return fail(Code::not_found, name, "does not exist",
              "look with: fairlead get " + std::string(to_string(key.kind)) + "s");
}

}  // namespace

Result<Explanation> explain(const Facts& facts, const plan::ObjectKey& key, const Hearing& hearing,
                            WallTime now) {
  FL_TRY(Explanation out, explain_object(facts, key, hearing, now));
  add_events(out, facts);
  return out;
}

}  // namespace fairlead::server
