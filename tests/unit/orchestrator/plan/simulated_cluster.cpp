// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/orchestrator/plan/simulated_cluster.h"

#include <gtest/gtest.h>
#include <set>

#include "control/catalog/network.h"
#include "orchestrator/plan/networks.h"
#include "orchestrator/reconciler/reconcile.h"
#include "orchestrator/scheduler/capacity.h"
#include "tests/support/facts.h"

namespace fairlead::plan {
namespace {

constexpr std::uint32_t kNodes = 5;
constexpr std::uint32_t kJobs = 6;
constexpr const char* kOtherNamespace = "other";

// Every other job is in a namespace of another network.
std::string namespace_of(std::uint32_t job) {
  return job % 2 == 0 ? std::string(kDefaultNamespace) : kOtherNamespace;
}

std::string_view namespace_network(const std::string& ns) { return ns == kOtherNamespace ? "other" : ""; }

Revision revision_of(const Snapshot& facts, const ObjectKey& key) {
  return in_table(facts, key.kind, [&](const auto& table) {
    const auto object = find(table, key.ns, key.name);
    return object ? object->meta.revision : Revision{};
  });
}

Network small_network() {
  Network network = default_network();
  network.pools.pods4 = Prefix::parse("10.244.0.0/24").value();  // 117 addresses for pods: they come round
  network.pools.vips4 = Prefix::parse("10.96.0.0/27").value();
  return network;
}

// A second one: nothing of it may ever be given to a pod of the first.
Network other_network() {
  Network network;
  network.meta.name = "other";
  network.index = 2;
  network.vni = 5000;
  network.pools = {Prefix::parse("10.245.0.0/24").value(), Prefix::parse("fd00:245::/64").value(),
                   Prefix::parse("10.97.0.0/27").value(), Prefix::parse("fd00:97::/112").value()};
  return network;
}

}  // namespace

SimulatedCluster::SimulatedCluster(unsigned seed) : random_(seed), now_(facts::kNoon) {
  facts_.put(small_network());
  facts_.put(other_network());
  Namespace other;
  other.meta.name = kOtherNamespace;
  other.network = "other";
  facts_.put(other);
  facts_.revision = Revision(1);
  leases_ = ipam::Leases(scheduler::control_blocks(facts_).value());
}

bool SimulatedCluster::holds(const Unit& unit) const {
  for (const Expectation& expected : unit.expect)
    if (revision_of(facts_, expected.key) != expected.revision) return false;
  for (const ipam::Change& change : unit.leases) {
    const ipam::Record* record = leases_.find(change.lease.address);
    if ((record == nullptr ? Revision{} : record->revision) != change.expected) return false;
  }
  return true;
}

bool SimulatedCluster::commit(const Unit& unit) {
  if (!holds(unit)) {
    ++conflicts;
    return false;
  }
  EXPECT_LE(unit.operations(), 128U);
  facts_.revision = Revision(facts_.revision.value + 1);
  for (Object object : unit.put) {
    meta_of(object).revision = facts_.revision;
    facts_.put(std::move(object));
  }
  for (const ObjectKey& key : unit.erase) facts_.erase(key.kind, key.ns, key.name);
  for (const ipam::Change& change : unit.leases) {
    const auto applied = leases_.apply({change.lease, facts_.revision});
    EXPECT_TRUE(applied) << (applied ? "" : format(applied.error()));
  }
  ++commits;
  check();
  return true;
}

void SimulatedCluster::write(Object object) {
  Unit unit;
  unit.put.push_back(std::move(object));
  commit(unit);
}

bool SimulatedCluster::commit_all(const Writes& writes) {
  const auto units = pack(writes.units, [](const Object&) { return std::size_t{1000}; });
  for (const Unit& unit : units)
    if (!commit(unit)) break;
  refused += writes.refused.size();
  return !units.empty();
}

void SimulatedCluster::decide() {
  commit_all(settle_hosts(facts_, leases_));
  const Snapshot seen = facts_;
  const ipam::Leases leases_seen = leases_;
  const auto changes = reconciler::reconcile(seen, now_);
  const auto plan = scheduler::place(seen, leases_seen, changes, random_());
  placed += plan.placements.size();
  if (pick(4) == 0)
    for (std::uint32_t i = 0; i <= pick(4); ++i) disturb();
  commit_all(verify(plan, facts_, leases_));
}

void SimulatedCluster::edit_job() {
  const std::uint32_t number = pick(kJobs);
  const std::string name = "job" + std::to_string(number);
  const auto before = find(facts_.jobs, namespace_of(number), name);
  if (before && pick(6) == 0) {
    Unit unit;
    unit.erase.push_back({Kind::job, before->meta.ns, name});
    commit(unit);
    return;
  }
  Job job = before ? *before : facts::job(name, 1);
  job.meta.ns = namespace_of(number);
  job.meta.uid = before ? job.meta.uid : name + std::to_string(facts_.revision.value);
  switch (pick(5)) {
    case 0:
      job.replicas = pick(12);
      break;
    case 1:
      job.pod.containers[0].image = "oci:v" + std::to_string(pick(3));
      break;
    case 2:
      job.pod.containers[0].resources.cpu_milli = 100 * (1 + pick(4));
      break;
    case 3:
      job.update = {pick(3), pick(3)};
      break;
    default:
      job.expose.clear();
      if (pick(2) == 0) job = facts::exposed(std::move(job));
  }
  write(job);
}

// What an agent reports next about one of its pods; false when there is nothing to report.
bool SimulatedCluster::advance(const Pod& pod) {
  const auto node = find(facts_.nodes, "", pod.node);
  if (!node || node->status.state != NodeState::ready || pod.status.phase == PodPhase::gone) return false;
  Pod next = pod;
  if (pod.stop) {
    next.status.phase = pod.status.phase == PodPhase::stopping ? PodPhase::gone : PodPhase::stopping;
  } else {
    switch (pod.status.phase) {
      case PodPhase::placed:
        next.status.phase = PodPhase::starting;
        break;
      case PodPhase::starting:
        next.status.phase = PodPhase::running;
        break;
      case PodPhase::running:
        next.status.phase = PodPhase::ready;
        break;
      case PodPhase::failed:
        next.status.phase = PodPhase::starting;
        break;
      default:
        return false;
    }
    next.status.why.clear();
  }
  write(next);
  return true;
}

void SimulatedCluster::agent_step() {
  if (facts_.pods.empty()) return;
  auto it = facts_.pods.begin();
  std::advance(it, pick(static_cast<std::uint32_t>(facts_.pods.size())));
  const auto pod = it->second;
  if (pick(12) != 0 || pod->stop) {
    advance(*pod);
    return;
  }
  Pod edited = *pod;
  if (pick(2) == 0)
    edited.stop = true;  // fairlead delete pod
  else
    edited.status = {PodPhase::failed, edited.status.restarts + 1, "exit 1", 1, now_};
  write(edited);
}

void SimulatedCluster::node_event() {
  const std::string name = "n" + std::to_string(1 + pick(kNodes));
  const auto node = find(facts_.nodes, "", name);
  if (!node) {
    Node fresh = facts::node(name, static_cast<std::uint16_t>(name[1] - '0'));
    fresh.meta.uid.clear();
    fresh.cpu_milli = 1500;
    fresh.max_pods = 12;
    const auto joined = join(fresh, facts_, leases_);
    ASSERT_TRUE(joined) << format(joined.error());
    commit_all(*joined);
    acknowledged_[name] = facts_.revision;
  } else if (pick(12) == 0) {
    const auto left = leave(name, facts_, leases_);
    ASSERT_TRUE(left);
    EXPECT_TRUE(left->refused.empty());
    commit_all(*left);
    acknowledged_.erase(name);
  } else {
    Node edited = *node;
    edited.status.state = pick(3) == 0 ? NodeState::silent : NodeState::ready;
    edited.status.since = now_;
    if (edited.status.state != node->status.state) write(edited);
  }
}

void SimulatedCluster::acknowledge() {
  std::optional<Revision> oldest;
  for (auto& [name, revision] : acknowledged_) {
    if (find(facts_.nodes, "", name)->status.state != NodeState::ready) continue;
    if (pick(2) == 0) revision = facts_.revision;
    oldest = oldest ? std::min(*oldest, revision) : revision;
  }
  if (oldest) commit_all(free_rested(leases_, *oldest));
}

void SimulatedCluster::disturb() {
  now_ += Millis(pick(4000));
  const std::uint32_t what = pick(20);
  if (what < 2)
    edit_job();
  else if (what < 4)
    node_event();
  else if (what < 6)
    acknowledge();
  else
    agent_step();
}

void SimulatedCluster::settle() {
  for (const auto& [name, node] : Snapshot(facts_).nodes) {
    Node ready = *node;
    ready.status.state = NodeState::ready;
    write(ready);
  }
  for (int round = 0; round < 400; ++round) {
    acknowledge();
    const Snapshot before = facts_;
    commit_all(settle_hosts(facts_, leases_));
    const auto changes = reconciler::reconcile(facts_, now_);
    commit_all(verify(scheduler::place(facts_, leases_, changes, 1), facts_, leases_));
    for (const auto& [name, pod] : Snapshot(facts_).pods) advance(*pod);
    if (facts_.revision != before.revision) continue;
    for (const auto& [name, node] : facts_.nodes)
      ASSERT_EQ(networks_of(facts_, *node).size(), facts_.networks.size()) << name.second;
    return;
  }
  ADD_FAILURE() << "does not settle";
}

void SimulatedCluster::check() const {
  std::set<IpAddress> addresses;
  for (const auto& [name, network] : facts_.networks) addresses.insert({dns4(*network), dns6(*network)});
  const std::size_t given_to_names = addresses.size();
  const auto owned = [&](const IpAddress& address, const std::string& uid, const std::string& who) {
    ASSERT_TRUE(addresses.insert(address).second) << who << " has a second owner's " << address;
    const ipam::Record* record = leases_.find(address);
    ASSERT_TRUE(record != nullptr) << who;
    ASSERT_EQ(record->lease.state, ipam::LeaseState::held) << who;
    ASSERT_EQ(record->lease.owner, uid) << who;
  };
  for (const auto& [name, pod] : facts_.pods) {
    owned(pod->ipv4, pod->meta.uid, name.second);
    owned(pod->ipv6, pod->meta.uid, name.second);
    ASSERT_EQ(pod->epoch, leases_.find(pod->ipv4)->lease.epoch);
    ASSERT_EQ(pod->epoch, leases_.find(pod->ipv6)->lease.epoch);
  }
  for (const auto& [name, pod] : facts_.pods) {
    const NetworkPools& pools = network_of(facts_, namespace_network(name.first))->pools;
    ASSERT_EQ(network_name(pod->network), network_name(namespace_network(name.first))) << name.second;
    ASSERT_TRUE(pools.pods4.contains(pod->ipv4) && pools.pods6.contains(pod->ipv6)) << name.second;
  }
  for (const auto& [name, service] : facts_.services) {
    const NetworkPools& pools = network_of(facts_, namespace_network(name.first))->pools;
    ASSERT_TRUE(pools.vips4.contains(service->vip4) && pools.vips6.contains(service->vip6)) << name.second;
    owned(service->vip4, service->meta.uid, name.second);
    owned(service->vip6, service->meta.uid, name.second);
  }
  std::set<std::uint16_t> numbers;
  for (const auto& [name, node] : facts_.nodes) {
    owned(node->host4, node->meta.uid, name.second);
    owned(node->host6, node->meta.uid, name.second);
    for (const HostAddresses& host : node->hosts) {
      owned(host.ipv4, node->meta.uid, name.second);
      owned(host.ipv6, node->meta.uid, name.second);
    }
    ASSERT_TRUE(numbers.insert(node->number).second) << name.second;
  }
  std::uint32_t held = 0;
  for (const auto& ledger : leases_.ledgers()) held += ledger.counts().held;
  ASSERT_EQ(held, addresses.size() - given_to_names) << "an address is held by nobody";
  const scheduler::Capacity capacity(facts_);
  for (std::size_t i = 0; i < capacity.size(); ++i) {
    ASSERT_LE(capacity.used(i).cpu_milli, capacity.node(i).cpu_milli) << capacity.node(i).meta.name;
    ASSERT_LE(capacity.used(i).memory_bytes, capacity.node(i).memory_bytes);
    ASSERT_LE(capacity.used(i).pods, capacity.node(i).max_pods);
  }
}

}  // namespace fairlead::plan
