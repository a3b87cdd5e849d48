// SPDX-License-Identifier: Apache-2.0
// What belongs to a pod as a whole: the files its containers share, and its
// complete removal. Calls for one pod must not overlap.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

// The pod's /etc: hosts, hostname, resolv.conf. What is there already is not touched.
struct PodFiles {
  std::string pod_name;
  std::string ns;
  IpAddress ipv4, ipv6;
  std::string resolv_conf;
};
Result<> write_pod_files(const NodePaths& paths, std::string_view uid, const PodFiles& files);

// Everything of a pod: containers, mounts, cgroups, namespace (and with it the
// link), folder, exit codes. Idempotent: call it until it succeeds.
Result<> remove_pod(const NodePaths& paths, std::string_view uid);

// Uids of all pods of which anything is left on this node (folder, namespace, container).
Result<std::vector<std::string>> list_pods(const NodePaths& paths);

}  // namespace fairlead::runtime
