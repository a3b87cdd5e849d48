// SPDX-License-Identifier: Apache-2.0
// config.json of a container for runc (OCI runtime-spec 1.0.2), as a pure
// function of what it is to run. The defaults are Docker's, with
// no_new_privileges and without AUDIT_WRITE, MKNOD, SETFCAP; NET_RAW stays so
// that ping works (a pod's source guard makes forged packets useless).
// No seccomp filter yet; resource limits of processes (ulimit) are the agent's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/catalog/objects.h"
#include "orchestrator/runtime/image/oci.h"

namespace fairlead::runtime {

struct User {
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> groups;
  bool operator==(const User&) const = default;
};

// An image's user against the texts of its /etc/passwd and /etc/group.
Result<User> resolve_user(std::string_view user, std::string_view passwd, std::string_view group);

struct BundleInput {
  std::string pod_name;  // becomes the host name
  std::string ns;
  std::string node;
  IpAddress ipv4, ipv6;
  Container container;
  ImageConfig image;
  User user;
  std::string rootfs;  // absolute
  std::string netns;   // absolute path of the pinned namespace
  std::string etc;     // folder with hosts, resolv.conf, hostname
  std::string cgroups_path;
  bool cgroup_namespace = true;
};

// The environment also names FAIRLEAD_POD, FAIRLEAD_NAMESPACE, FAIRLEAD_NODE,
// FAIRLEAD_IPV4, FAIRLEAD_IPV6; the container's own `env` wins over all.
Result<std::string> bundle_json(const BundleInput& input);

}  // namespace fairlead::runtime
