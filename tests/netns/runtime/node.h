// SPDX-License-Identifier: Apache-2.0
// One node for the runtime's tests: its folders below a scratch folder, a
// BusyBox image made on the spot, and everything gone at the end, also when
// the test fails. Its cluster's name carries the process id, so that tests do
// not meet.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "base/io/file.h"
#include "base/io/process.h"
#include "orchestrator/runtime/cgroup.h"
#include "orchestrator/runtime/container/container.h"
#include "orchestrator/runtime/container/log_file.h"
#include "orchestrator/runtime/network/netns.h"
#include "tests/support/process.h"
#include "tests/support/scratch.h"

namespace fairlead::runtime {

template <class T>
testing::AssertionResult ok(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << format(result.error());
}

class TestNode {
 public:
  TestNode() {
    const std::string name = "t" + std::to_string(::getpid());
    std::filesystem::create_directories(scratch_ / "images");
    paths_ = NodePaths::make(name, "n1", scratch_ / "state", scratch_ / "run", scratch_ / "images");
    EXPECT_TRUE(ok(make_folders(paths_)));
    const std::string script = std::string(std::getenv("FL_SOURCE_DIR")) + "/deploy/images/layout.py";
    ProcessSpec layout;
    layout.argv = {"python3",   "-B",           script,      (scratch_ / "images/busybox").string(),
                   "--busybox", "/bin/busybox", "--command", "/bin/sh"};
    EXPECT_TRUE(ok(run_checked(layout)));
  }
  ~TestNode() {
    const auto uids = list_pods(paths_);
    EXPECT_TRUE(ok(uids));
    if (uids) {
      for (const std::string& uid : *uids) EXPECT_TRUE(ok(remove_pod(paths_, uid)));
    }
    EXPECT_TRUE(ok(remove_cgroup("/fairlead/" + paths_.cluster, false)));
  }
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  const NodePaths& paths() const { return paths_; }

 private:
  Scratch scratch_;
  NodePaths paths_;
};

inline Container busybox(std::string name, std::string script) {
  Container container;
  container.name = std::move(name);
  container.image = "oci:busybox";
  container.command = {"/bin/sh", "-c", std::move(script)};
  return container;
}

inline Pod make_pod(std::string uid, std::vector<Container> containers) {
  Pod pod;
  pod.meta.name = "web-" + uid;
  pod.meta.ns = "default";
  pod.meta.uid = std::move(uid);
  pod.pod.containers = std::move(containers);
  pod.ipv4 = IpAddress::parse("10.244.0.5").value();
  pod.ipv6 = IpAddress::parse("fd00:244::5").value();
  return pod;
}

// Namespace, files and containers; nothing started.
inline Result<> create_pod(const NodePaths& paths, const Pod& pod) {
  FL_TRY_OK(create_netns(paths, pod.meta.uid));
  PodFiles files{pod.meta.name, pod.meta.ns, pod.ipv4, pod.ipv6,
                 "nameserver 10.96.0.10\nsearch x.internal\n"};
  FL_TRY_OK(write_pod_files(paths, pod.meta.uid, files));
  for (const Container& container : pod.pod.containers) {
    FL_TRY_OK(prepare_container(paths, pod, container));
    FL_TRY_OK(create_container(paths, pod, container));
  }
  return {};
}

inline bool is_stopped(const NodePaths& paths, const std::string& uid, const std::string& container) {
  const auto status = container_status(paths, uid, container);
  return status && status->state == ContainerState::stopped && status->exit_code;
}

}  // namespace fairlead::runtime
