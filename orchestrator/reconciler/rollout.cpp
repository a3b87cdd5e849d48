// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/reconciler/rollout.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace fairlead::reconciler {
namespace {

bool older(const LivePod& a, const LivePod& b) {
  return std::tie(a.pod->meta.created, a.pod->meta.name) < std::tie(b.pod->meta.created, b.pod->meta.name);
}

bool keep_first(const LivePod& a, const LivePod& b) {
  if (a.ready() != b.ready()) return a.ready();
  return older(a, b);
}

// Orders pods so that the last ones are the first to go: not ready, on silent
// nodes, on the fullest nodes, youngest. A pod's height is its place in its
// node's pile; taking the highest first keeps the piles even.
void order_for_keeping(std::vector<LivePod>& pods) {
  std::sort(pods.begin(), pods.end(), keep_first);
  std::map<std::string_view, std::uint32_t> piles;
  std::map<const Pod*, std::uint32_t> height;
  for (const LivePod& pod : pods) height[pod.pod] = piles[pod.pod->node]++;
  std::sort(pods.begin(), pods.end(), [&](const LivePod& a, const LivePod& b) {
    if (a.ready() != b.ready()) return a.ready();
    if (a.node_silent != b.node_silent) return b.node_silent;
    const auto ha = height.at(a.pod);
    const auto hb = height.at(b.pod);
    return ha != hb ? ha < hb : older(a, b);
  });
}

std::size_t count_ready(const std::vector<LivePod>& pods) {
  return static_cast<std::size_t>(
      std::count_if(pods.begin(), pods.end(), [](const auto& p) { return p.ready(); }));
}

void retire_last(std::vector<LivePod>& pods, std::size_t n, const std::string& why,
                 std::vector<Retired>& into) {
  for (; n > 0 && !pods.empty(); --n) {
    into.push_back({pods.back().pod, why});
    pods.pop_back();
  }
}

std::string first_cause(const Job& job, std::vector<LivePod> pods, std::size_t ready) {
  if (ready >= job.replicas) return "";
  std::sort(pods.begin(), pods.end(),
            [](const auto& a, const auto& b) { return a.pod->meta.name < b.pod->meta.name; });
  for (const LivePod& live : pods) {
    const std::string name = display_name(Kind::pod, live.pod->meta.ns, live.pod->meta.name);
    if (live.node_silent) return name + ": node " + live.pod->node + " is silent";
    if (!live.ready() && !live.pod->status.why.empty()) return name + ": " + live.pod->status.why;
  }
  return "";
}

JobStatus status_after(const Job& job, const std::vector<LivePod>& updated, const std::vector<LivePod>& old,
                       std::uint32_t create) {
  std::vector<LivePod> all = updated;
  all.insert(all.end(), old.begin(), old.end());
  const std::size_t ready = count_ready(all);
  JobStatus status;
  status.pods = static_cast<std::uint32_t>(all.size()) + create;
  status.ready = static_cast<std::uint32_t>(ready);
  status.updated = static_cast<std::uint32_t>(updated.size()) + create;
  status.why = first_cause(job, std::move(all), ready);
  return status;
}

}  // namespace

Rollout rollout(const Job& job, const std::string& newest_template, std::vector<LivePod> live) {
  const auto middle = std::partition(
      live.begin(), live.end(), [&](const LivePod& p) { return p.pod->template_hash == newest_template; });
  std::vector<LivePod> updated(live.begin(), middle);
  std::vector<LivePod> old(middle, live.end());
  order_for_keeping(updated);
  order_for_keeping(old);
  const std::string name = display_name(Kind::job, job.meta.ns, job.meta.name);

  Rollout result;
  const std::size_t replicas = job.replicas;
  if (updated.size() > replicas) {
    const std::size_t excess = updated.size() - replicas;
    retire_last(updated, excess, name + " wants " + std::to_string(excess) + " fewer", result.stop);
  }
  // An old pod that is not ready serves nobody; a ready one may go while enough stay ready.
  const std::size_t wanted_ready = replicas - std::min<std::size_t>(replicas, job.update.unavailable);
  const std::size_t old_ready = count_ready(old);
  const std::size_t ready = count_ready(updated) + old_ready;
  const std::size_t spare = ready > wanted_ready ? ready - wanted_ready : 0;
  const std::size_t retire = old.size() - old_ready + std::min(spare, old_ready);
  retire_last(old, retire, name + " was updated: it has a newer template", result.stop);

  const bool stuck = job.update.surge == 0 && job.update.unavailable == 0;
  const std::size_t surge = old.empty() ? 0 : stuck ? 1 : job.update.surge;
  const std::size_t now = updated.size() + old.size();
  const std::size_t room = replicas + surge > now ? replicas + surge - now : 0;
  result.create = static_cast<std::uint32_t>(std::min(replicas - updated.size(), room));
  result.status = status_after(job, updated, old, result.create);
  return result;
}

}  // namespace fairlead::reconciler
