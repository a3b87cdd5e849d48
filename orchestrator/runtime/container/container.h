// SPDX-License-Identifier: Apache-2.0
// Containers of pods: runc does it, conmon keeps stdio, log and exit code.
// Both live on when the caller dies; a new caller finds them by list().
//
//   prepare -> create -> (tables acknowledged) -> start -> kill* -> remove
//              ^ netns and pod files before
//
// Every call is idempotent, bounded in time, and safe after a crash half-way:
// prepare() and create() of one that exists in state created or running are
// success, prepare() of a stopped one removes it first. Calls for one pod must not overlap.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/catalog/objects.h"
#include "orchestrator/runtime/paths.h"
#include "orchestrator/runtime/pod.h"

namespace fairlead::runtime {

enum class ContainerState : std::uint8_t { absent, created, running, stopped };

struct ContainerStatus {
  std::string uid;
  std::string container;
  ContainerState state = ContainerState::absent;
  int pid = 0;
  std::optional<std::int32_t> exit_code;  // once conmon has written it
  bool oom_killed = false;
};

// Image, root file system and bundle, made afresh.
Result<> prepare_container(const NodePaths& paths, const Pod& pod, const Container& container);
// runc create of what is prepared. The pod's namespace (create_netns) and files exist already.
Result<> create_container(const NodePaths& paths, const Pod& pod, const Container& container);
Result<> start_container(const NodePaths& paths, std::string_view uid, std::string_view container);
// Success also when it has ended or never was.
Result<> kill_container(const NodePaths& paths, std::string_view uid, std::string_view container, int signal);
// Kills (KILL) what still runs, deletes, unmounts. The bundle's log and the
// exit code stay, for a restart's last words, until remove_pod().
Result<> remove_container(const NodePaths& paths, std::string_view uid, std::string_view container);

Result<ContainerStatus> container_status(const NodePaths& paths, std::string_view uid,
                                         std::string_view container);
// As runc wrote it for conmon as soon as there was one. 0: not known.
int first_process(const std::filesystem::path& bundle);
// All that runc knows of this node.
Result<std::vector<ContainerStatus>> list_containers(const NodePaths& paths);

}  // namespace fairlead::runtime
