// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/node/teardown.h"

#include <filesystem>

#include "base/io/log.h"
#include "ebpf/loader/node_dataplane.h"
#include "orchestrator/agent/node/node_setup.h"
#include "orchestrator/agent/pods/names.h"
#include "orchestrator/runtime/cgroup.h"
#include "orchestrator/runtime/network/link.h"
#include "orchestrator/runtime/network/masquerade.h"
#include "orchestrator/runtime/pod.h"

namespace fairlead::agent {
namespace {

class FirstError {
 public:
  void note(const Result<>& result) {
    if (result) return;
    log::warn("teardown goes on", {{"why", format(result.error())}});
    if (first_) first_ = result;
  }
  Result<> result() const { return first_; }

 private:
  Result<> first_;
};

void remove_pods(const runtime::NodePaths& paths, FirstError& errors) {
  const auto uids = runtime::list_pods(paths);
  if (!uids) return errors.note(std::unexpected(uids.error()));
  for (const std::string& uid : *uids) errors.note(runtime::remove_pod(paths, uid));
}

void remove_links(const runtime::NodePaths& paths, FirstError& errors) {
  const auto links = runtime::list_links(link_prefix(paths.cluster));
  if (!links) return errors.note(std::unexpected(links.error()));
  for (const std::string& link : *links) errors.note(runtime::delete_link(link));
}

void remove_folder(const std::filesystem::path& folder, FirstError& errors) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (error) errors.note(fail(Code::io, folder.string(), error.message()));
}

}  // namespace

Result<> tear_down(const runtime::NodePaths& paths) {
  std::error_code absent;
  Fd lock;
  if (std::filesystem::exists(paths.state_dir, absent)) {
    FL_TRY(lock, lock_folder(paths.state_dir));
  }
  FirstError errors;
  remove_pods(paths, errors);
  remove_links(paths, errors);  // before their programs: what still lives must not speak unguarded
  errors.note(ebpf::remove_pins(ebpf::pin_folder(paths.cluster, paths.node).parent_path()));
  errors.note(runtime::delete_masquerade());
  errors.note(runtime::remove_cgroup(paths.cgroup_parent, true));
  remove_folder(paths.state_dir, errors);
  remove_folder(paths.run_dir, errors);
  return errors.result();
}

}  // namespace fairlead::agent
