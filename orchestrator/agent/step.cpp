// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/step.h"

#include <algorithm>

#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

bool has_probe(const Pod& pod) {
  return std::ranges::any_of(pod.pod.containers, [](const Container& c) { return c.ready.has_value(); });
}

// Its link is not attached yet, so that tables would be without it.
bool wait_for_repair(const NodeState& state) {
  const auto unsure = [](const auto& entry) {
    return entry.second.network == NetworkStage::unsure && !entry.second.remove;
  };
  const auto cut = [](const auto& entry) { return entry.second.cut && !entry.second.gone; };
  return std::ranges::any_of(state.pods, unsure) && std::ranges::none_of(state.pods, cut);
}

void publish_if_due(Context& context) {
  TablesState& tables = context.state.tables;
  if (!context.state.synced || is_busy(tables.busy) || tables.applied == tables.wanted) return;
  if (tables.failures > 0 && !context.reached(tables.not_before)) return;
  if (wait_for_repair(context.state)) return;
  Publish publish{context.next_id(), tables.wanted, {}};
  for (const auto& [uid, pod] : context.state.pods)
    if (pod.linked) publish.links.insert(uid);
  tables.busy = publish.id;
  tables.publishing = tables.wanted;
  context.out.actions.emplace_back(std::move(publish));
}

// What others see of a pod that runs.
void tell_phase(Context& context, PodState& pod, PodPhase now) {
  if (now == PodPhase::ready)
    tell(context, pod, "Ready", has_probe(*pod.pod) ? "its probe succeeds" : "it has run for long enough");
  else if (pod.reported.phase == PodPhase::ready && !pod.remove)
    tell(context, pod, "Unready", pod.why.empty() ? "not all of its containers run" : pod.why, true);
}

// A story goes with the next change of status, and does not wait long for one.
void report_if_changed(Context& context, PodState& pod) {
  PodStatus status = status_of(pod, context.state.tables, context.now.wall);
  if (status.phase != pod.reported.phase) tell_phase(context, pod, status.phase);
  if (status.phase == PodPhase::ready) pod.why.clear();
  const bool changed = !(status == pod.reported);
  context.save_soon |= (status.phase == PodPhase::ready) != (pod.reported.phase == PodPhase::ready);
  pod.reported = std::move(status);
  const bool may_tell = context.state.connected && !pod.story.empty();
  const bool due = changed || pod.report_due || (may_tell && context.reached(pod.tell_at));
  if (!due) return;
  pod.report_due = false;
  Report report{pod.pod, pod.reported, {}};
  if (context.state.connected) report.story.swap(pod.story);
  context.out.actions.emplace_back(std::move(report));
}

Save save_of(const Context& context) {
  Save save;
  for (const auto& [uid, pod] : context.state.pods) {
    if (pod.gone) continue;
    save.pods.push_back(*pod.pod);
    save.pods.back().status = pod.reported;
    save.pods.back().lost |= pod.cut;  // a later agent must not bring it back to life
  }
  save.soon = !context.save;
  return save;
}

}  // namespace

void tell(Context& context, PodState& pod, std::string what, std::string cause, bool warning) {
  if (pod.story.empty()) pod.tell_at = context.now.mono + context.state.limits.tell;
  if (pod.story.size() == kMaxStory) pod.story.erase(pod.story.begin());
  if (cause.size() > kMaxCause) cause.resize(kMaxCause);
  pod.story.push_back({context.now.wall, warning, std::move(what), std::move(cause)});
}

Step step(NodeState& state, const Event& event, Now now) {
  Context context{state, now, {}, false};
  apply_event(context, event);
  for (auto& [uid, pod] : state.pods) advance_pod(context, pod);
  publish_if_due(context);
  for (auto& [uid, pod] : state.pods) report_if_changed(context, pod);
  auto& actions = context.out.actions;
  if (context.save)
    actions.insert(actions.begin(), save_of(context));
  else if (context.save_soon)
    actions.emplace_back(save_of(context));
  std::erase_if(state.pods, [](const auto& entry) { return entry.second.gone && entry.second.forget; });
  return std::move(context.out);
}

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::make_netns:
      return "make netns";
    case Verb::make_network:
      return "make network";
    case Verb::remove_network:
      return "remove network";
    case Verb::prepare:
      return "prepare";
    case Verb::create:
      return "create";
    case Verb::start:
      return "start";
    case Verb::probe_ready:
      return "probe ready";
    case Verb::probe_live:
      return "probe live";
    case Verb::term:
      return "term";
    case Verb::kill:
      return "kill";
    case Verb::remove_container:
      return "remove";
  }
  return "unknown";
}

}  // namespace fairlead::agent
