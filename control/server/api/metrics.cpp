// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "control/metrics/families.h"
#include "control/server/api/answers.h"
#include "control/server/api/api.h"

namespace fairlead::server {
namespace {

using metrics::Families;
using metrics::MetricType;

void add_objects(Families& families, const Snapshot& snapshot) {
  families.add(MetricType::Gauge, "objects", "Objects by kind");
  for (const Kind kind : kKinds) {
    const std::size_t count = in_table(snapshot, kind, [](const auto& table) { return table.size(); });
    families.value(static_cast<double>(count), {{"kind", std::string(to_string(kind))}});
  }
  std::array<std::size_t, kPodPhaseNames.size()> phases{};
  for (const auto& [name, pod] : snapshot.pods) ++phases[static_cast<std::size_t>(pod->status.phase)];
  families.add(MetricType::Gauge, "pods", "Pods by phase");
  for (std::size_t i = 0; i < phases.size(); ++i)
    families.value(static_cast<double>(phases[i]), {{"phase", std::string(kPodPhaseNames[i])}});
  std::size_t silent = 0;
  for (const auto& [name, node] : snapshot.nodes) silent += node->status.state == NodeState::silent ? 1 : 0;
  families.add(MetricType::Gauge, "nodes", "Nodes by state");
  families.value(static_cast<double>(snapshot.nodes.size() - silent), {{"state", "ready"}});
  families.value(static_cast<double>(silent), {{"state", "silent"}});
}

void add_removal(Families& families, const Cluster& cluster) {
  std::size_t waiting = 0, lost = 0;
  const Revision everywhere = cluster.acknowledged().revision;
  for (const auto& [name, pod] : cluster.snapshot().pods) {
    lost += pod->lost ? 1 : 0;
    waiting += pod->stop && !pod->lost && pod->meta.revision > everywhere ? 1 : 0;
  }
  families.gauge("acknowledged_revision", "What the tables of every node that is heard have in place",
                 everywhere.value);
  families.gauge("pods_waiting", "Stopping pods that some node's tables may still hold", waiting);
  families.gauge("pods_lost", "Pods that were replaced while their node was silent, until it answers", lost);
  families.gauge("replacement_held", "1 while the pods of silent nodes are not replaced",
                 cluster.held() ? 1 : 0);
  families.gauge("pods_postponed", "Pods of silent nodes that wait for --replace-rate", cluster.postponed());
}

void add_leases(Families& families, const ipam::Leases& leases) {
  families.add(MetricType::Gauge, "addresses", "Addresses of a pool by state");
  for (const ipam::Ledger& ledger : leases.ledgers()) {
    const ipam::Counts counts = ledger.counts();
    const std::string& pool = ledger.block().pool;
    families.value(counts.held, {{"pool", pool}, {"state", "held"}});
    families.value(counts.resting, {{"pool", pool}, {"state", "resting"}});
    families.value(counts.free, {{"pool", pool}, {"state", "free"}});
  }
}

void add_store(Families& families, const store::StoreStats& stats) {
  families.gauge("store_revision", "The store's newest revision", stats.revision.value);
  families.gauge("store_keys", "Keys in the store", stats.keys);
  families.gauge("store_history_bytes", "Bytes of the revisions still kept", stats.history_bytes);
  families.gauge("store_read_only", "1 while the last write failed", stats.read_only ? 1 : 0);
  families.gauge("store_watches", "Open watches", stats.watches);
  families.counter("store_commits_total", "Transactions that wrote", stats.writes);
  families.counter("store_conflicts_total", "Transactions whose expectations were false", stats.conflicts);
  families.counter("store_refused_total", "Transactions over a limit", stats.refused);
  families.counter("store_failed_total", "Transactions that the disk refused", stats.failed_writes);
  families.counter("store_watches_lagged_total", "Watches that lost their history", stats.watches_lagged);
}

void add_net(Families& families, const net::ServerCounters& net) {
  families.add(MetricType::Counter, "requests_total", "Answered requests by status");
  for (const auto& [status, count] : net.responses)
    families.value(static_cast<double>(count), {{"code", std::to_string(status)}});
  families.gauge("connections", "Open connections", net.connections);
  families.gauge("streams", "Open WebSocket streams", net.streams);
  families.add(MetricType::Counter, "refused_total", "Refused peers and requests by reason");
  families.value(static_cast<double>(net.refused_connections), {{"reason", "connections"}});
  families.value(static_cast<double>(net.refused_tokens), {{"reason", "token"}});
  families.value(static_cast<double>(net.malformed), {{"reason", "malformed"}});
}

void add_tables(Families& families, const std::map<std::string, proto::Heartbeat>& beats) {
  const auto each = [&](MetricType type, const std::string& name, const std::string& help,
                        std::uint64_t proto::TableLevel::* value) {
    families.add(type, name, help);
    for (const auto& [node, beat] : beats)
      for (const auto& [table, level] : beat.tables)
        families.value(static_cast<double>(level.*value), {{"node", node}, {"table", table}});
  };
  each(MetricType::Gauge, "table_rows", "Rows of a node's table in use", &proto::TableLevel::used);
  each(MetricType::Gauge, "table_capacity", "Rows that a node's table can hold",
       &proto::TableLevel::capacity);
  each(MetricType::Counter, "table_refused_total",
       "What a full table had no room for: packets that would have begun a flow, or publications",
       &proto::TableLevel::refused);
}

// What the connected nodes said of themselves.
void add_nodes(Families& families, const std::map<std::string, proto::Heartbeat>& beats) {
  for (const proto::NodeCounter& counter : proto::kNodeCounters) {
    const bool total = counter.type == proto::NodeCounter::Type::total;
    families.add(total ? MetricType::Counter : MetricType::Gauge, "node_" + std::string(counter.name),
                 std::string(counter.help));
    for (const auto& [node, beat] : beats)
      families.value(static_cast<double>(beat.counters.*counter.value), {{"node", node}});
  }
  families.add(MetricType::Counter, "drops_total", "Packets that a node dropped, by reason");
  for (const auto& [node, beat] : beats)
    for (const auto& [reason, packets] : beat.drops)
      families.value(static_cast<double>(packets), {{"node", node}, {"reason", reason}});
  add_tables(families, beats);
}

void add_agents(Families& families, const Agents& agents) {
  const AgentCounters& counters = agents.counters();
  const std::vector<proto::Edge> edges = agents.edges();
  families.gauge("agents_connected", "Nodes with a stream", agents.connected() - edges.size());
  families.gauge("edges_connected", "Edges with a stream", edges.size());
  families.add(MetricType::Gauge, "edge_applied_revision",
               "The revision of which an edge has the tables in place");
  for (const proto::Edge& edge : edges)
    families.value(static_cast<double>(edge.revision.value), {{"edge", edge.name}});
  families.add(MetricType::Gauge, "edge_unreached_pods", "Ready pods that an edge's own probes do not reach");
  for (const proto::Edge& edge : edges)
    if (edge.unreached) families.value(*edge.unreached, {{"edge", edge.name}});
  families.gauge("agent_queued_messages", "Messages that wait for slow agents", agents.queued_messages());
  families.counter("agent_joins_total", "Joins of agents", counters.joins);
  families.counter("agent_refused_total", "Agents that could not join", counters.refused);
  families.counter("agent_replaced_total", "Agents that connected while they were connected",
                   counters.replaced);
  families.counter("agent_malformed_total", "Messages of agents that could not be used", counters.malformed);
  families.gauge("relays", "Open exec, logs and drops streams", agents.open_relays());
  families.counter("relays_total", "Exec, logs and drops streams that were opened", counters.relays);
  families.counter("relays_refused_total", "Exec, logs and drops streams that could not be opened",
                   counters.relays_refused);
}

void add_cluster(Families& families, const ClusterCounters& counters) {
  families.counter("pod_reports_total", "Reports of agents about pods", counters.reports);
  families.counter("pod_reports_ignored_total", "Reports about pods that are not there",
                   counters.reports_ignored);
  families.counter("settles_total", "Decision rounds", counters.settles);
  families.counter("settles_lost_total", "Decisions that the store refused", counters.transactions_lost);
}

}  // namespace

net::Response Api::metrics(const net::Request&) const {
  Families families;
  add_objects(families, published());
  add_leases(families, cluster_.state().facts().leases);
  add_store(families, cluster_.state().stats());
  add_net(families, net_());
  add_agents(families, agents_);
  add_nodes(families, agents_.heartbeats());
  add_cluster(families, cluster_.counters());
  add_removal(families, cluster_);
  return {200, "text/plain; version=0.0.4", families.text()};
}

net::Response Api::health(const net::Request&) const { return {200, "text/plain", "ok\n"}; }

net::Response Api::version(const net::Request&) const {
  return answer(proto::to_json(
      proto::ServerVersion{FAIRLEAD_VERSION, cluster_.state().facts().cluster_id, published().revision}));
}

net::Response Api::edges(const net::Request&) const {
  return answer(proto::to_json(proto::EdgeList{agents_.edges(), published().revision}));
}

}  // namespace fairlead::server
