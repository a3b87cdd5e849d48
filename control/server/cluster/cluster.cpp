// SPDX-License-Identifier: Apache-2.0
#include "control/server/cluster/cluster.h"

#include <algorithm>
#include <utility>

#include "base/io/log.h"
#include "control/catalog/network.h"
#include "control/forwarding/rings.h"
#include "control/server/cluster/quarantine.h"
#include "control/server/nodes/disk.h"
#include "orchestrator/plan/networks.h"
#include "orchestrator/plan/rings.h"
#include "orchestrator/plan/verify.h"
#include "orchestrator/spec/names.h"

namespace fairlead::server {
namespace {

constexpr std::size_t kMaxWhy = 1024;
constexpr int kMaxRounds = 64;  // of one settle(); each is a transaction or more

ApplyContext context_of(const Cluster::Call& call, const Surroundings& outside) {
  return {call.expect, call.by, outside.wall(), outside.uid};
}

// A pod's story as its node told it.
std::vector<Note> notes_of(const plan::ObjectKey& pod, const proto::PodReport& report) {
  std::vector<Note> notes;
  for (const proto::PodEvent& event : report.events)
    notes.push_back({pod, event.warning, event.what, event.cause, event.time});
  return notes;
}

Result<> check_cluster(const proto::Join& join, const std::string& ours) {
  if (join.cluster_id == ours) return {};
  return fail(Code::conflict, (join.edge ? "edge/" : "node/") + join.name,
              "its cluster is \"" + join.cluster_id + "\", this one is \"" + ours + "\"",
              std::string("start ") + (join.edge ? "fairlead-lb" : "its agent") + " with --cluster " + ours);
}

}  // namespace

Cluster::Cluster(State& state, ClusterRules rules, Surroundings outside)
    : state_(state),
      rules_(rules),
      outside_(std::move(outside)),
      liveness_(outside_.mono(), {rules.start_grace, rules.silent_after, rules.stuck_after}),
      rate_(rules.replace_per_second, outside_.mono()),
      replace_from_(outside_.mono() + rules.start_grace) {}

Checked<proto::ApplyResult> Cluster::apply(const std::vector<spec::Parsed>& documents, const Call& call) {
  Checked<Intent> intent = intend(snapshot(), state_.facts().leases, documents, context_of(call, outside_));
  if (!intent) return std::unexpected(std::move(intent).error());
  return carry_out(std::move(*intent), call);
}

Checked<proto::ApplyResult> Cluster::remove(const plan::ObjectKey& key, const Call& call) {
  Result<Intent> intent = intend_removal(snapshot(), state_.facts().leases, key, context_of(call, outside_));
  if (!intent) return std::unexpected(Errors{std::move(intent).error()});
  if (key.kind == Kind::node) {
    Result<plan::Writes> leaving = plan::leave(key.name, snapshot(), state_.facts().leases);
    if (!leaving) return std::unexpected(Errors{std::move(leaving).error()});
    if (leaving->units.size() != 1)
      return std::unexpected(
          Errors{{Code::conflict, "node/" + key.name, "cannot leave in one step", "try again"}});
    intent->unit = std::move(leaving->units.front());
    if (!call.dry_run) {
      liveness_.forget(key.name);
      table_levels_.forget(key.name);
    }
  }
  return carry_out(std::move(*intent), call);
}

Checked<proto::ApplyResult> Cluster::carry_out(Intent intent, const Call& call) {
  written_ = 0;
  preview(intent, snapshot(), state_.facts().leases, rules_of_reconcile(), outside_.wall());
  proto::ApplyResult result{std::move(intent.changes), snapshot().revision, call.dry_run};
  const bool nothing = intent.unit.operations() == 0;
  if (call.dry_run || nothing) return result;
  const State::Together together(state_);  // the write and what follows from it: one fsync
  Result<> done = state_.commit({std::move(intent.unit)}, intent.notes, outside_.wall());
  if (!done) return std::unexpected(Errors{std::move(done).error()});
  written_ = state_.submitted();
  settle();
  result.revision = snapshot().revision;
  return result;
}

Result<proto::Welcome> Cluster::join(const proto::Join& join) {
  FL_TRY_OK(check_cluster(join, state_.facts().cluster_id));
  Node fresh;
  fresh.meta.name = join.name;
  fresh.meta.labels = join.labels;
  fresh.meta.uid = outside_.uid();
  fresh.meta.created = outside_.wall();
  fresh.address = join.address;
  fresh.cpu_milli = join.cpu_milli;
  fresh.memory_bytes = join.memory_bytes;
  fresh.max_pods = join.max_pods;
  fresh.uplink_mtu = join.uplink_mtu;
  fresh.status = {NodeState::ready, outside_.wall(), join.kernel, join.version, {}};
  const auto mistakes = spec::validate({Object(fresh), {}, "Join"});
  if (!mistakes.empty()) return std::unexpected(document::to_error(mistakes.front()));
  FL_TRY(const plan::Writes writes, plan::join(fresh, snapshot(), state_.facts().leases));
  FL_TRY_OK(state_.commit(writes.units, writes.events, outside_.wall()));
  FL_TRY_OK(settle_hosts());
  liveness_.heard(join.name, outside_.mono(), {});  // of tables and disk its heartbeats speak
  let_ready();
  outside_.settle_soon();
  const auto node = find(snapshot().nodes, "", join.name);
  if (!node) return fail(Code::conflict, "node/" + join.name, "was deleted while it joined", "join again");
  return proto::Welcome{node->number, state_.facts().cluster_id, snapshot().cluster_seed,
                        networks_of(snapshot(), *node), rules_.heartbeat};
}

Result<proto::Welcome> Cluster::join_edge(const proto::Join& join) {
  FL_TRY_OK(check_cluster(join, state_.facts().cluster_id));
  if (!spec::is_dns_label(join.name))
    return fail(Code::invalid, "edge/" + join.name, "is no DNS label", "start it with another --name");
  liveness_.edge_heard(join.name, outside_.mono(), {});
  return proto::Welcome{0, state_.facts().cluster_id, snapshot().cluster_seed, {}, rules_.heartbeat};
}

void Cluster::edge_heard(const std::string& edge, const proto::Heartbeat& beat) {
  liveness_.edge_heard(edge, outside_.mono(), beat.applied);
  if (!beat.probes) return;
  const auto& [unreached, unjudged] = *beat.probes;
  forwarding::EdgeView view{{unreached.begin(), unreached.end()}, {unjudged.begin(), unjudged.end()}};
  if (const auto known = edge_views_.find(edge); known != edge_views_.end() && known->second == view) return;
  edge_views_.insert_or_assign(edge, std::move(view));
  outside_.settle_soon();
}

void Cluster::edge_left(const std::string& edge) {
  liveness_.forget_edge(edge);
  if (edge_views_.erase(edge) > 0) outside_.settle_soon();
}

// False: every node has its addresses in every network.
Result<bool> Cluster::settle_hosts() {
  const plan::Writes writes = plan::settle_hosts(snapshot(), state_.facts().leases);
  const std::string refused = writes.refused.empty() ? "" : format(writes.refused.front());
  if (!refused.empty() && refused != hosts_refused_)
    log::warn("nodes have no addresses in a network",
              {{"nodes", std::to_string(writes.refused.size())}, {"first", refused}});
  hosts_refused_ = refused;
  if (writes.empty()) return false;
  FL_TRY_OK(state_.commit(writes.units, writes.events, outside_.wall()));
  return true;
}

// False: every ring says who takes new flows.
Result<bool> Cluster::settle_rings() {
  const plan::Writes writes = plan::settle_rings(snapshot(), edge_views_, outside_.wall());
  if (writes.empty()) return false;
  FL_TRY_OK(state_.commit(writes.units, writes.events, outside_.wall()));
  return true;
}

void Cluster::heard(const std::string& node, const proto::Heartbeat& beat) {
  liveness_.heard(node, outside_.mono(), beat.applied);
  tell(table_levels_.heard(node, beat, outside_.mono()));
  look_at_disk(node, beat);
  let_ready();
}

void Cluster::look_at_disk(const std::string& node, const proto::Heartbeat& beat) {
  const auto turn = disk_turn(snapshot(), node, beat);
  if (!turn) return;
  const Result<> done = state_.commit({turn->unit}, {turn->event}, outside_.wall());
  if (!done)  // the next heartbeat says it again
    return log::warn("a node's disk could not be stored", {{"node", node}, {"error", format(done.error())}});
  log::info("a node's disk", {{"node", node}, {"state", turn->event.message}});
  outside_.settle_soon();
}

proto::Acknowledged Cluster::acknowledged() const {
  const auto ready = std::ranges::count_if(
      snapshot().nodes, [](const auto& n) { return n.second->status.state == NodeState::ready; });
  return {liveness_.acknowledged(snapshot()), static_cast<std::uint32_t>(ready)};
}

std::optional<std::string> Cluster::held() const {
  return reconciler::held(snapshot(), outside_.wall(), rules_of_reconcile());
}

Result<> Cluster::report(const std::string& node, const proto::PodReport& report) {
  ++counters_.reports;
  const auto pod = find(snapshot().pods, report.ns, report.name);
  if (!pod || pod->meta.uid != report.uid || pod->node != node) {
    ++counters_.reports_ignored;
    return {};
  }
  Pod next = *pod;
  next.status = report.status;
  next.status.why.resize(std::min(next.status.why.size(), kMaxWhy));
  const plan::ObjectKey key = plan::key_of(Object(next));
  std::vector<Note> notes = notes_of(key, report);
  // Once in a pod's life; an agent that began anew does not know that it was said.
  std::erase_if(
      notes, [&](const Note& one) { return one.reason == "Withdrawn" && state_.facts().events.said(one); });
  waiting_.erase(report.uid);
  if (report.status.phase == PodPhase::ready && pod->status.phase != PodPhase::ready && must_wait(*pod)) {
    proto::PodReport later = report;
    later.events.clear();
    waiting_[report.uid] = {node, std::move(later)};
    next.status.phase = PodPhase::running;
    next.status.why = "waits until every node has forgotten the pod that was lost";
  }
  if (pod->status == next.status)
    return notes.empty() ? Result<>{} : state_.commit({}, notes, outside_.wall());
  plan::Unit unit{{{key, pod->meta.revision}}, {Object(std::move(next))}, {}, {}};
  FL_TRY_OK(state_.commit({std::move(unit)}, notes, outside_.wall()));
  outside_.settle_soon();
  return {};
}

Result<> Cluster::note(Note note) { return state_.commit({}, {std::move(note)}, outside_.wall()); }

void Cluster::lost() {
  ++counters_.transactions_lost;
  settle_again_ = true;
  freed_up_to_ = Revision{};
}

void Cluster::settle() {
  ++counters_.settles;
  settle_again_ = false;
  for (int round = 0; round < kMaxRounds; ++round) {
    const Result<bool> changed = settle_once();
    if (changed && !*changed) return;
    if (changed) continue;
    ++counters_.transactions_lost;
    settle_again_ = true;
    if (changed.error().code == Code::conflict) continue;
    log::warn("a decision could not be stored", {{"error", format(changed.error())}});
    return;
  }
  settle_again_ = true;  // the next tick goes on
}

// False: everything is as it should be.
Result<bool> Cluster::settle_once() {
  const WallTime now = outside_.wall();
  FL_TRY(const bool hosts, settle_hosts());
  if (hosts) return true;
  FL_TRY(const bool rings, settle_rings());
  if (rings) return true;
  const reconciler::Changes changes = reconciler::reconcile(snapshot(), now, rules_of_reconcile());
  postponed_ = changes.postponed;
  if (postponed_ > 0) settle_again_ = true;  // a tick later some more may go
  if (changes.empty()) return false;
  const ipam::Leases& leases = state_.facts().leases;
  const scheduler::Plan plan = scheduler::place(snapshot(), leases, changes, snapshot().cluster_seed);
  const plan::Writes writes = plan::verify(plan, snapshot(), leases);
  std::vector<Note> notes;
  for (const Note& note : writes.events)
    if (!note.warning || !state_.facts().events.said_last(note)) notes.push_back(note);
  if (writes.empty() && notes.empty()) return false;
  FL_TRY_OK(state_.commit(writes.units, notes, now));
  const auto lost = std::ranges::count_if(changes.stop, &reconciler::Stop::lost);
  if (lost > 0) rate_.took(static_cast<std::size_t>(lost), outside_.mono());
  return !writes.empty();
}

void Cluster::turn(const NodeTurn& turn) {
  const auto node = find(snapshot().nodes, "", turn.node);
  Node next = *node;
  next.status.state = turn.state;
  next.status.since = outside_.wall();
  const plan::ObjectKey key = plan::key_of(Object(next));
  const bool silent = turn.state == NodeState::silent;
  const std::string why =
      turn.stuck ? "its tables stand still for longer than " + format_duration(rules_.stuck_after)
      : silent   ? "not heard for " + format_duration(rules_.silent_after)
                 : "heard again";
  const Note note{key, silent, silent ? "Silent" : "Ready", why, {}};
  const plan::Unit unit{{{key, node->meta.revision}}, {Object(std::move(next))}, {}, {}};
  const Result<> done = state_.commit({unit}, {note}, outside_.wall());
  if (!done)
    return log::warn("a node's state could not be stored",
                     {{"node", turn.node}, {"error", format(done.error())}});
  liveness_.turned(turn, outside_.mono());
  log::info("a node's state changed", {{"node", turn.node}, {"state", silent ? "silent" : "ready"}});
}

void Cluster::free_addresses() {
  const Revision acknowledged = liveness_.acknowledged(snapshot());
  if (acknowledged.value == 0 || acknowledged <= freed_up_to_) return;
  const plan::Writes writes = plan::free_rested(state_.facts().leases, acknowledged);
  if (writes.empty()) {
    freed_up_to_ = acknowledged;
    return;
  }
  const std::vector<Note> notes = released(writes.units, state_.facts().leases, state_.facts().events);
  const Result<> done = state_.commit(writes.units, notes, outside_.wall());
  if (!done) log::warn("addresses could not be freed", {{"error", format(done.error())}});
}

void Cluster::tick() {
  liveness_.observe(snapshot(), state_.published().objects, outside_.mono());
  const std::vector<NodeTurn> turns = liveness_.due(snapshot(), outside_.mono());
  for (const NodeTurn& one : turns) turn(one);
  let_ready();
  free_addresses();
  tell_who_is_awaited();
  tell_when_held();
  if (!turns.empty() || is_due() || settle_again_) settle();
  set_deadline();
}

// No silence is longer for a leap of the clock on the wall, where the other clock has seen it.
reconciler::Rules Cluster::rules_of_reconcile() const {
  const MonoTime now = outside_.mono();
  const WallTime not_before = now < replace_from_ ? outside_.wall() + (replace_from_ - now) : WallTime{};
  return {rules_.replace_after, not_before, rate_.allowed(now), liveness_.silent_for(now)};
}

bool Cluster::is_due() const {
  return deadline_ && (deadline_->first <= outside_.wall() || deadline_->second <= outside_.mono());
}

void Cluster::set_deadline() {
  const WallTime now = outside_.wall();
  auto next = reconciler::next_deadline(snapshot(), now, rules_of_reconcile());
  if (const auto ring = forwarding::next_ring_deadline(snapshot()); ring && (!next || *ring < *next))
    next = ring;
  deadline_.reset();
  if (next) deadline_ = {*next, outside_.mono() + (*next - now)};
}

Result<Explanation> Cluster::explain(const plan::ObjectKey& key) const {
  Hearing hearing{
      kept(), [this](Revision revision) { return liveness_.awaited(snapshot(), revision, outside_.mono()); },
      [this](const std::string& node) { return liveness_.behind(node, outside_.mono()); },
      [this](const std::string& node) { return table_levels_.trouble(node); }};
  return server::explain(state_.facts(), key, hearing, outside_.wall());
}

}  // namespace fairlead::server
