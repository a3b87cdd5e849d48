// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/ready.h"

#include <algorithm>

#include "control/catalog/fields.h"
#include "control/catalog/template_hash.h"

namespace fairlead::cli {
namespace {

bool belongs(const Pod& pod, const std::string& ns, const std::string& job) {
  return pod.meta.ns == ns && pod.job == job && pod.status.phase != PodPhase::gone;
}

std::string explain(const Pod& pod) {
  const std::string state = kPodPhases.write(pod.status.phase).text;
  return "pod/" + pod.meta.name + " is " + state + (pod.status.why.empty() ? "" : ": " + pod.status.why);
}

}  // namespace

Progress job_ready(const Job& job, std::span<const Pod> pods) {
  const std::string wanted = template_hash(job.pod);
  std::uint64_t ready = 0, others = 0;
  Progress progress;
  for (const Pod& pod : pods) {
    if (!belongs(pod, job.meta.ns, job.meta.name)) continue;
    if (pod.stop) continue;  // leaves already
    const bool current = pod.template_hash == wanted;
    const bool is_ready = current && pod.status.phase == PodPhase::ready;
    ready += is_ready ? 1 : 0;
    others += current ? 0 : 1;
    if (current && !is_ready && (progress.why.empty() || !pod.status.why.empty()))
      progress.why = explain(pod);
  }
  progress.done = ready == job.replicas && others == 0;
  progress.text = std::to_string(ready) + "/" + std::to_string(job.replicas) + " ready";
  if (!job.status.why.empty() && progress.why.empty()) progress.why = job.status.why;
  if (progress.done) progress.why.clear();
  return progress;
}

Progress service_ready(const Service& service, std::span<const Pod> pods) {
  std::uint64_t ready = 0, wanted = 0;
  Progress progress;
  for (const Pod& pod : pods) {
    if (!belongs(pod, service.meta.ns, service.job) || pod.stop) continue;
    ++wanted;
    ready += pod.status.phase == PodPhase::ready ? 1 : 0;
    if (pod.status.phase != PodPhase::ready && progress.why.empty()) progress.why = explain(pod);
  }
  progress.done = ready > 0 && ready == wanted;
  progress.text = std::to_string(ready) + "/" + std::to_string(wanted) + " ready";
  if (wanted == 0) progress.why = "no pod of job/" + service.job + " is wanted";
  return progress;
}

Progress job_gone(bool job_exists, const std::string& ns, const std::string& name,
                  std::span<const Pod> pods) {
  const auto left = std::ranges::count_if(pods, [&](const Pod& pod) { return belongs(pod, ns, name); });
  if (!job_exists && left == 0) return {true, "gone", ""};
  return {false, std::to_string(left) + " pods left",
          job_exists ? "job/" + name + " has not been deleted" : ""};
}

Progress object_ready(const Object& object) {
  if (const Pod* pod = std::get_if<Pod>(&object)) {
    const bool ready = pod->status.phase == PodPhase::ready && !pod->stop;
    return {ready, ready ? "ready" : "not ready", ready ? "" : explain(*pod)};
  }
  if (const Node* node = std::get_if<Node>(&object)) {
    const bool ready = node->status.state == NodeState::ready;
    return {ready, ready ? "ready" : "silent", ready ? "" : "its agent does not answer"};
  }
  return {true, "ready", ""};
}

std::optional<Pod> choose_pod(const std::string& job, std::span<const Pod> pods, bool must_be_ready) {
  const Pod* best = nullptr;
  const auto rank = [](const Pod& pod) {
    return std::pair(pod.status.phase == PodPhase::ready && !pod.stop ? 0 : 1, pod.meta.name);
  };
  for (const Pod& pod : pods) {
    if (pod.job != job || (must_be_ready && rank(pod).first != 0)) continue;
    if (best == nullptr || rank(pod) < rank(*best)) best = &pod;
  }
  return best == nullptr ? std::nullopt : std::optional<Pod>(*best);
}

}  // namespace fairlead::cli
