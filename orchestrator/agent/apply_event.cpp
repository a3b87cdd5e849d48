// SPDX-License-Identifier: Apache-2.0
// What each event changes in the state. Nothing here begins work, except that
// a changed set of pods is saved before anything else happens to them.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "control/document/scalars.h"
#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

constexpr std::int32_t kKilled = 137;  // 128 + SIGKILL

// 128 + N of those that people meet.
std::string signal_name(std::int32_t code) {
  switch (code) {
    case 128 + 4:
      return " (SIGILL)";
    case 128 + 6:
      return " (SIGABRT)";
    case 128 + 7:
      return " (SIGBUS)";
    case 128 + 8:
      return " (SIGFPE)";
    case kKilled:
      return " (SIGKILL)";
    case 128 + 11:
      return " (SIGSEGV)";
    case 128 + 15:
      return " (SIGTERM)";
    default:
      return "";
  }
}

std::string exit_text(const Container& container, std::optional<std::int32_t> code, bool out_of_memory) {
  const std::string text = code ? "exited with code " + std::to_string(*code) + signal_name(*code)
                                : "ended, its exit code is unknown";
  if (!out_of_memory || code == 0) return text;
  const std::string limit = document::format_memory(container.resources.memory_bytes);
  return (code == kKilled ? "killed" : text) + ": out of memory (limit " + limit + ")";
}

// A repair failed. What lives is not given up for one error of the kernel.
void doubt_network(Context& context, PodState& pod, const std::string& cause) {
  const Limits& limits = context.state.limits;
  const Millis pause = backoff(++pod.repair_failures, limits.repair_first, limits.backoff_last);
  pod.network = NetworkStage::unsure;
  pod.network_not_before = context.now.mono + pause;
  tell(context, pod, "Failed",
       "network: " + cause + "; its containers go on, tried again in " + format_duration(pause) + ", " +
           std::to_string(limits.repairs - pod.repair_failures) + " tries are left",
       true);
}

PodState new_pod(std::shared_ptr<const Pod> pod) {
  PodState state;
  state.containers.resize(pod->pod.containers.size());
  state.reported = pod->status;
  state.restarts_before = pod->status.restarts;
  state.exit_code = pod->status.exit_code;
  state.why = pod->status.why;
  state.pod = std::move(pod);
  return state;
}

// A crash-loop outlives its agent. The wall clock may have leapt meanwhile, and the machine may have
// been started anew: the next try is never further away than the pause that the failures earn.
void resume_failures(Context& context, PodState& pod, std::size_t index) {
  const Limits& limits = context.state.limits;
  const PodStatus& known = pod.reported;
  if (known.failures == 0) return;
  ContainerState& container = pod.containers[index];
  container.failures = known.failures;
  const Millis left = std::chrono::duration_cast<Millis>(known.next_try - context.now.wall);
  const Millis longest = backoff(known.failures, limits.backoff_first, limits.backoff_last);
  const Millis pause = std::clamp(left, Millis{0}, longest);
  container.not_before = context.now.mono + pause;
  container.next_try = context.now.wall + pause;
}

// What runs did not fail last, unless all of it runs.
void resume_loop(Context& context, PodState& pod, const std::vector<AdoptedContainer>& found) {
  const auto runs = [](const AdoptedContainer& c) { return c.stage == Stage::running; };
  const bool all_run = std::ranges::all_of(found, runs);
  for (std::size_t i = 0; i < found.size(); ++i)
    if (all_run || !runs(found[i])) resume_failures(context, pod, i);
}

void adopt_container(Context& context, PodState& pod, std::size_t index, const AdoptedContainer& found) {
  ContainerState& container = pod.containers[index];
  container.incarnation = 1;
  container.stage = found.stage == Stage::prepared ? Stage::ended : found.stage;
  container.ran = found.stage == Stage::running || found.stage == Stage::ended;
  if (found.stage == Stage::prepared)
    tell(context, pod, "Adopted",
         "container " + pod.pod->pod.containers[index].name +
             ": found half made by an agent that ended, it is made again");
  container.started = context.now.mono;
  container.ready.well = pod.reported.phase == PodPhase::ready;  // until a probe says otherwise
  if (const auto& live = pod.pod->pod.containers[index].live)
    container.live.next = context.now.mono + live->after;
  container.proven = container.ready.well;
  if (found.stage != Stage::ended) return;
  pod.exit_code = found.exit_code;
  end_container(context, pod, index,
                exit_text(pod.pod->pod.containers[index], found.exit_code, found.out_of_memory) +
                    (found.note.empty() ? "" : ": " + found.note),
                Ended::crashed);
}

// The try that failed when it was found was the first.
void adopt_network(Context& context, PodState& pod, AdoptedNetwork found) {
  pod.linked = found == AdoptedNetwork::whole;
  pod.network = pod.linked ? NetworkStage::present : NetworkStage::dirty;
  if (found == AdoptedNetwork::unsure)
    doubt_network(context, pod, "it could not be set right when an agent came back");
}

// Wanted gone: the tables of a later generation no longer balance to it.
void begin_removal(Context& context, PodState& pod, const Pod& told) {
  if (pod.remove) return;
  pod.remove = true;
  pod.withdrawn = told.meta.revision;
  pod.drain = told.drain;
  pod.asked_to_go = context.now.mono;
  pod.tables = context.state.tables.wanted;
  pod.patience_until = context.now.mono + context.state.limits.tables_patience;
}

// Not this node's any more: another may have its place, and soon its address.
void cut_off(Context& context, PodState& pod, const char* why) {
  if (pod.cut || pod.gone) return;
  begin_removal(context, pod, *pod.pod);
  pod.cut = true;
  pod.linked = false;
  pod.tables = context.state.tables.wanted;
  pod.patience_until = context.now.mono + context.state.limits.tables_patience;
  context.save = true;
  tell(context, pod, "CutOff", why, true);
}

void apply(Context& context, const Adopted& event) {
  for (const AdoptedPod& found : event.pods) {
    FL_CHECK(found.containers.size() == found.pod->pod.containers.size(), found.pod->meta.name);
    PodState pod = new_pod(found.pod);
    adopt_network(context, pod, found.network);
    resume_loop(context, pod, found.containers);
    for (std::size_t i = 0; i < found.containers.size(); ++i)
      adopt_container(context, pod, i, found.containers[i]);
    // Only what once ran is known to have had its tables acknowledged.
    if (std::ranges::none_of(found.containers, [](const auto& c) { return c.stage == Stage::running; }))
      pod.tables = ++context.state.tables.wanted;
    if (found.pod->lost) cut_off(context, pod, "it was replaced while this node was silent");
    context.state.pods.insert_or_assign(found.pod->meta.uid, std::move(pod));
  }
}

void apply(Context& context, const Wanted& event) {
  NodeState& state = context.state;
  context.save |= !state.synced;
  state.synced = true;
  state.revision = event.revision;
  ++state.tables.wanted;
  std::set<PodUid> wanted;
  for (const auto& pod : event.pods) {
    wanted.insert(pod->meta.uid);
    auto [it, fresh] = state.pods.try_emplace(pod->meta.uid);
    if (fresh) it->second = new_pod(pod);
    context.save |= fresh;
    if (pod->stop) begin_removal(context, it->second, *pod);
    if (pod->lost) cut_off(context, it->second, "it was replaced while this node was silent");
  }
  for (auto& [uid, pod] : state.pods) {
    if (wanted.contains(uid)) continue;
    context.save |= !pod.forget;
    pod.forget = true;
    cut_off(context, pod, "control does not know it any more");
  }
}

void finish_removal(Context& context, ContainerState& container, const Error* error) {
  if (error) {
    const Limits& limits = context.state.limits;
    container.not_before =
        context.now.mono + backoff(++container.remove_failures, limits.backoff_first, limits.backoff_last);
    return;
  }
  container.stage = Stage::absent;
  container.remove_failures = 0;
  container.kill_at.reset();
  container.give_up_at.reset();
}

// The container reached its next stage, unless it failed or exited on the way.
void finish_forward(Context& context, PodState& pod, std::size_t index, Verb verb, const Error* error) {
  ContainerState& container = pod.containers[index];
  if (error) return end_container(context, pod, index, format(*error), Ended::before_it_ran);
  const Container& spec = pod.pod->pod.containers[index];
  if (verb == Verb::prepare) {
    container.stage = Stage::prepared;
    tell(context, pod, "ImageReady", "container " + spec.name + ": " + spec.image);
  }
  if (verb == Verb::create) {
    container.stage = Stage::created;
    tell(context, pod, "Created", "container " + spec.name);
  }
  if (verb == Verb::start) {
    container.stage = Stage::running;
    container.ran = true;
    tell(context, pod, "Started", "container " + spec.name);
    container.started = context.now.mono;
    container.ready = fresh_probe(container.ready, spec.ready, context.now.mono);
    container.live = fresh_probe(container.live, spec.live, context.now.mono);
  }
  if (container.exited) end_container(context, pod, index, container.exit_text, Ended::crashed);
}

void finish_container(Context& context, PodState& pod, std::size_t index, const Error* error) {
  ContainerState& container = pod.containers[index];
  const Verb verb = container.doing;
  container.busy = WorkId{};
  if (is_heavy(verb)) --context.state.heavy;
  switch (verb) {
    case Verb::remove_container:
      return finish_removal(context, container, error);
    case Verb::prepare:
    case Verb::create:
    case Verb::start:
      return finish_forward(context, pod, index, verb, error);
    default:
      break;  // a signal: its effect is an exit, or the next deadline
  }
  if (container.exited) end_container(context, pod, index, container.exit_text, Ended::crashed);
}

void finish_network(Context& context, PodState& pod, const Error* error) {
  const Limits& limits = context.state.limits;
  --context.state.heavy;
  pod.busy = WorkId{};
  const bool making = pod.doing != Verb::remove_network;
  if (error && pod.network == NetworkStage::unsure && making && pod.repair_failures + 1 < limits.repairs)
    return doubt_network(context, pod, format(*error));
  if (error) {
    if (pod.why.empty()) pod.why = "network: " + format(*error);
    tell(context, pod, "Failed", "network: " + format(*error), true);
    pod.network = NetworkStage::dirty;
    std::uint32_t& failures = making ? pod.network_failures : pod.network_remove_failures;
    MonoTime& not_before = making ? pod.network_not_before : pod.network_remove_not_before;
    not_before = context.now.mono + backoff(++failures, limits.backoff_first, limits.backoff_last);
    return;
  }
  pod.network_remove_failures = 0;
  pod.network = !making                         ? NetworkStage::absent
                : pod.doing == Verb::make_netns ? NetworkStage::netns
                                                : NetworkStage::present;
  if (pod.network != NetworkStage::present) return;
  pod.network_failures = pod.repair_failures = 0;
  tell(context, pod, "NetworkReady", "namespace, link, addresses");
  pod.linked = !pod.cut;
  pod.tables = ++context.state.tables.wanted;
}

void finish_tables(Context& context, const Error* error) {
  TablesState& tables = context.state.tables;
  tables.busy = WorkId{};
  if (error) {
    tables.why = format(*error);
    tables.not_before = context.now.mono + backoff(++tables.failures, Millis{100}, Millis{5000});
    return;
  }
  tables.failures = 0;
  tables.why.clear();
  const std::uint64_t before = std::exchange(tables.applied, tables.publishing);
  for (auto& [uid, pod] : context.state.pods)
    if (pod.linked && !pod.remove && pod.tables > before && pod.tables <= tables.applied)
      tell(context, pod, "TablesReady", "this node's tables hold it");
}

void finish(Context& context, WorkId id, const Error* error) {
  if (context.state.tables.busy == id) return finish_tables(context, error);
  for (auto& [uid, pod] : context.state.pods) {
    if (pod.busy == id) return finish_network(context, pod, error);
    for (std::size_t i = 0; i < pod.containers.size(); ++i) {
      if (pod.containers[i].busy == id) return finish_container(context, pod, i, error);
      if (pod.containers[i].ready.busy == id) return finish_probe(context, pod, i, Verb::probe_ready, error);
      if (pod.containers[i].live.busy == id) return finish_probe(context, pod, i, Verb::probe_live, error);
    }
  }
}

void apply(Context& context, const Done& event) { finish(context, event.id, nullptr); }
void apply(Context& context, const Failed& event) { finish(context, event.id, &event.error); }

void apply(Context& context, const Exited& event) {
  const auto found = context.state.pods.find(event.pod);
  if (found == context.state.pods.end() || event.container >= found->second.containers.size()) return;
  PodState& pod = found->second;
  ContainerState& container = pod.containers[event.container];
  if (container.incarnation != event.incarnation || container.stage == Stage::absent ||
      container.stage == Stage::ended)
    return;
  container.exit_text = exit_text(pod.pod->pod.containers[event.container], event.code, event.out_of_memory) +
                        (event.note.empty() ? "" : ": " + event.note);
  if (!container.dead_text.empty()) container.exit_text = container.dead_text + ", " + container.exit_text;
  container.exited = true;
  pod.exit_code = event.code;
  if (is_busy(container.busy)) return;  // the work's result comes first
  end_container(context, pod, event.container, container.exit_text, Ended::crashed);
}

void apply(Context& context, const Disconnected&) { context.state.connected = false; }

void apply(Context& context, const Acknowledged& event) {
  context.state.acknowledged = std::max(context.state.acknowledged, event.revision);
  context.state.acknowledged_by = event.nodes;
}

void apply(Context& context, const Connected&) {
  context.state.connected = true;
  for (auto& [uid, pod] : context.state.pods) pod.report_due = true;
}

void apply(Context&, const Tick&) {}

}  // namespace

void apply_event(Context& context, const Event& event) {
  std::visit([&](const auto& e) { apply(context, e); }, event);
}

}  // namespace fairlead::agent
