// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/pods/adopt.h"

#include <algorithm>
#include <filesystem>

#include "base/io/log.h"
#include "orchestrator/agent/pods/exit_watcher.h"
#include "orchestrator/agent/pods/names.h"
#include "orchestrator/runtime/container/container.h"
#include "orchestrator/runtime/container/exec.h"
#include "orchestrator/runtime/network/link.h"

namespace fairlead::agent {
namespace {

using runtime::ContainerState;
using runtime::ContainerStatus;
using Found = std::map<std::string, std::vector<ContainerStatus>>;  // by uid

Result<Found> containers_by_pod(const runtime::NodePaths& paths) {
  FL_TRY(const std::vector<ContainerStatus> all, runtime::list_containers(paths));
  Found found;
  for (const ContainerStatus& status : all) found[status.uid].push_back(status);
  return found;
}

AdoptedContainer adopt(const runtime::NodePaths& paths, const PodUid& uid, const std::string& name,
                       const std::vector<ContainerStatus>& found) {
  const auto status = std::ranges::find(found, name, &ContainerStatus::container);
  if (status != found.end()) {
    const Stage stage = status->state == ContainerState::created   ? Stage::created
                        : status->state == ContainerState::running ? Stage::running
                                                                   : Stage::ended;
    if (stage == Stage::running) runtime::end_left_execs(paths, uid, name);
    const std::filesystem::path exit_file = paths.exits() / runtime::container_id(uid, name);
    const bool unknown = stage == Stage::ended && !status->exit_code;
    return {stage, status->exit_code, ran_out_of_memory(traces(paths, uid, name)),
            unknown ? why_unknown(exit_file) : ""};
  }
  std::error_code ignored;
  const bool remains = std::filesystem::exists(paths.bundle(uid, name), ignored);
  return {remains ? Stage::prepared : Stage::absent, std::nullopt, false};
}

Result<bool> has_link(const runtime::NodePaths& paths, const PodUid& uid) {
  const std::string name = pod_link_name(paths.cluster, uid);
  FL_TRY(const std::vector<std::string> links, runtime::list_links(name));
  std::error_code ignored;
  return std::ranges::find(links, name) != links.end() && std::filesystem::exists(paths.netns(uid), ignored);
}

// The link is looked at first: a network that is only half there is made anew by step().
AdoptedNetwork adopt_network(const runtime::NodePaths& paths, const Pod& pod, PodWork& work) {
  const Result<bool> there = has_link(paths, pod.meta.uid);
  if (there && !*there) return AdoptedNetwork::broken;
  const Result<> whole = there ? work.make_network(pod) : std::unexpected(there.error());
  if (whole) return AdoptedNetwork::whole;
  log::warn("a living pod's network is not set right, it is tried again",
            {{"pod", pod.meta.uid}, {"why", format(whole.error())}});
  return AdoptedNetwork::unsure;
}

Pod nameless(const PodUid& uid, const std::vector<ContainerStatus>& found) {
  Pod pod;
  pod.meta.uid = uid;
  pod.meta.name = uid;
  for (const ContainerStatus& status : found) {
    Container container;
    container.name = status.container;
    pod.pod.containers.push_back(std::move(container));
  }
  return pod;
}

}  // namespace

Result<std::vector<AdoptedPod>> find_living(const runtime::NodePaths& paths, const std::vector<PodUid>& uids,
                                            const Told& told, PodWork& work) {
  FL_TRY(const Found containers, containers_by_pod(paths));
  std::vector<AdoptedPod> living;
  for (const PodUid& uid : uids) {
    const auto at = containers.find(uid);
    const std::vector<ContainerStatus> none;
    const auto& found = at == containers.end() ? none : at->second;
    const std::shared_ptr<const Pod> known = told(uid);
    AdoptedPod pod;
    pod.pod = known ? known : std::make_shared<const Pod>(nameless(uid, found));
    for (const Container& container : pod.pod->pod.containers)
      pod.containers.push_back(adopt(paths, uid, container.name, found));
    if (known) pod.network = adopt_network(paths, *known, work);
    living.push_back(std::move(pod));
  }
  return living;
}

}  // namespace fairlead::agent
