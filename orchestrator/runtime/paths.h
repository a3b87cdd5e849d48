// SPDX-License-Identifier: Apache-2.0
// NodePaths: where everything that one node owns on its machine lies. Two
// nodes on one machine (namespaces) differ in every path, so that neither can
// touch the other's things and a node is removed by removing these.
//
//   state_dir/layers/<diff id>/                 unpacked once, shared, read-only
//   state_dir/pods/<uid>/etc/                   hosts, resolv.conf, hostname
//   state_dir/pods/<uid>/c/<container>/         bundle: config.json rootfs/ upper/ work/ log pid
//   state_dir/exits/<uid>.<container>           exit code, written by conmon
//   run_dir/netns/<uid>                         the pinned network namespace
//   run_dir/runc/                               runc's state
//   run_dir/attach/                             conmon's sockets
//   /sys/fs/cgroup/*/fairlead/CLUSTER/NODE/<uid>/<container>
//   /sys/fs/cgroup/.../<uid>/_conmon            its conmons, in cgroup v2 only
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::runtime {

struct NodePaths {
  std::string cluster;
  std::string node;
  std::filesystem::path state_dir;   // survives a reboot
  std::filesystem::path run_dir;     // need not
  std::filesystem::path images_dir;  // OCI layouts, read only
  std::filesystem::path runc_root;   // run_dir/runc unless told otherwise
  std::string cgroup_parent;         // "/fairlead/CLUSTER/NODE"
  std::string runc = "/usr/sbin/runc";
  std::string conmon = "/usr/bin/conmon";

  static NodePaths make(std::string cluster, std::string node, std::filesystem::path state_dir,
                        std::filesystem::path run_dir, std::filesystem::path images_dir);

  std::filesystem::path layers() const { return state_dir / "layers"; }
  std::filesystem::path pods() const { return state_dir / "pods"; }
  std::filesystem::path exits() const { return state_dir / "exits"; }
  std::filesystem::path netns_dir() const { return run_dir / "netns"; }
  std::filesystem::path attach() const { return run_dir / "attach"; }
  std::filesystem::path pod(std::string_view uid) const;
  std::filesystem::path pod_etc(std::string_view uid) const;
  std::filesystem::path bundle(std::string_view uid, std::string_view container) const;
  std::filesystem::path rootfs(std::string_view uid, std::string_view container) const;
  std::filesystem::path log(std::string_view uid, std::string_view container) const;
  std::filesystem::path netns(std::string_view uid) const;
  std::string cgroup(std::string_view uid) const;
  std::string cgroup(std::string_view uid, std::string_view container) const;
  std::string monitor_cgroup(std::string_view uid) const;
};

// Makes the folders (0700). Call once, before anything else here.
Result<> make_folders(const NodePaths& paths);

// A uid, a container's or a node's name becomes part of paths: [a-z0-9] and
// inner '-', at most 63 octets. Everything in this room checks it.
Result<> check_name(std::string_view what, std::string_view name);

// runc's and conmon's id of a container: "<uid>.<container>".
std::string container_id(std::string_view uid, std::string_view container);

}  // namespace fairlead::runtime
