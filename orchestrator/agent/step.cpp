// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/step.h"

#include <algorithm>

#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

void publish_if_due(Context& context) {
  TablesState& tables = context.state.tables;
  if (!context.state.synced || is_busy(tables.busy) || tables.applied == tables.wanted) return;
  if (tables.failures > 0 && !context.reached(tables.not_before)) return;
  Publish publish{context.next_id(), tables.wanted, {}};
  for (const auto& [uid, pod] : context.state.pods)
    if (pod.linked) publish.links.insert(uid);
  tables.busy = publish.id;
  tables.publishing = tables.wanted;
  context.out.actions.emplace_back(std::move(publish));
}

void report_if_changed(Context& context, PodState& pod) {
  PodStatus status = status_of(pod, context.state.tables, context.now.wall);
  if (status.phase == PodPhase::ready) pod.why.clear();
  const bool changed = !(status == pod.reported);
  context.save_soon |= (status.phase == PodPhase::ready) != (pod.reported.phase == PodPhase::ready);
  pod.reported = std::move(status);
  if (!changed && !pod.report_due) return;
  pod.report_due = false;
  context.out.actions.emplace_back(Report{pod.pod, pod.reported});
}

Save save_of(const Context& context) {
  Save save;
  for (const auto& [uid, pod] : context.state.pods) {
    if (pod.gone) continue;
    save.pods.push_back(*pod.pod);
    save.pods.back().status = pod.reported;
  }
  save.soon = !context.save;
  return save;
}

}  // namespace

Millis backoff(std::uint32_t failures, Millis first, Millis last) {
  if (failures == 0) return Millis{0};
  const std::uint32_t doublings = std::min(failures - 1, 20U);
  return std::min(last, first * (std::int64_t{1} << doublings));
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
