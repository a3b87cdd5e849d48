// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/ready.h"

#include <gtest/gtest.h>

#include "control/catalog/template_hash.h"

namespace fairlead::cli {
namespace {

Job web(std::uint32_t replicas) {
  Job job;
  job.meta.name = "web";
  job.meta.ns = "default";
  job.replicas = replicas;
  job.pod.containers.resize(1);
  return job;
}

Pod pod(const std::string& name, PodPhase phase, const std::string& why = "") {
  Pod p;
  p.meta.name = name;
  p.meta.ns = "default";
  p.job = "web";
  p.pod = web(1).pod;
  p.template_hash = template_hash(p.pod);
  p.status.phase = phase;
  p.status.why = why;
  return p;
}

TEST(Ready, WhenAllReplicasAre) {
  EXPECT_EQ(job_ready(web(2), std::vector{pod("a", PodPhase::ready), pod("b", PodPhase::ready)}),
            (Progress{true, "2/2 ready", ""}));
  EXPECT_EQ(job_ready(web(0), {}), (Progress{true, "0/0 ready", ""}));
}

TEST(Ready, NotWhileOneIsNotAndTheFirstCauseIsSaid) {
  const std::vector pods{pod("a", PodPhase::starting), pod("b", PodPhase::failed, "exit 1"),
                         pod("c", PodPhase::ready)};
  EXPECT_EQ(job_ready(web(3), pods), (Progress{false, "1/3 ready", "pod/b is failed: exit 1"}));
}

TEST(Ready, PodsOfAnOldTemplateDoNotCount) {
  Pod old = pod("a", PodPhase::ready);
  old.template_hash = "0";
  EXPECT_FALSE(job_ready(web(1), std::vector{old}).done);
  EXPECT_FALSE(job_ready(web(1), std::vector{old, pod("b", PodPhase::ready)}).done)
      << "the old one is still wanted";
  old.stop = true;
  EXPECT_TRUE(job_ready(web(1), std::vector{old, pod("b", PodPhase::ready)}).done);
}

TEST(Ready, APodThatIsToldToStopDoesNotCount) {
  Pod leaving = pod("a", PodPhase::ready);
  leaving.stop = true;
  EXPECT_FALSE(job_ready(web(1), std::vector{leaving}).done);
}

TEST(Ready, AJobThatCannotBePlacedSaysWhy) {
  Job job = web(1);
  job.status.why = "no node fits: n1 cpu";
  EXPECT_EQ(job_ready(job, {}), (Progress{false, "0/1 ready", "no node fits: n1 cpu"}));
}

TEST(Gone, WhenNoPodIsLeft) {
  EXPECT_FALSE(job_gone(true, "default", "web", {}).done);
  EXPECT_FALSE(job_gone(false, "default", "web", std::vector{pod("a", PodPhase::stopping)}).done);
  EXPECT_TRUE(job_gone(false, "default", "web", std::vector{pod("a", PodPhase::gone)}).done);
  EXPECT_TRUE(job_gone(false, "default", "client", std::vector{pod("a", PodPhase::ready)}).done);
}

TEST(ChoosePod, TheFirstReadyOne) {
  const std::vector pods{pod("b", PodPhase::ready), pod("a", PodPhase::failed), pod("c", PodPhase::ready)};
  EXPECT_EQ(choose_pod("web", pods, true)->meta.name, "b");
  EXPECT_EQ(choose_pod("web", std::vector{pod("a", PodPhase::failed)}, true), std::nullopt);
  EXPECT_EQ(choose_pod("web", std::vector{pod("a", PodPhase::failed)}, false)->meta.name, "a");
  EXPECT_EQ(choose_pod("client", pods, true), std::nullopt);
}

TEST(Ready, AServiceNeedsAPodBehindIt) {
  Service service;
  service.meta.ns = "default";
  service.meta.name = service.job = "web";
  EXPECT_TRUE(service_ready(service, {}) == (Progress{false, "0/0 ready", "no pod of job/web is wanted"}));
  std::vector<Pod> pods(2);
  for (Pod& pod : pods) {
    pod.meta.ns = "default";
    pod.meta.name = "web-1";
    pod.job = "web";
    pod.status.phase = PodPhase::ready;
  }
  EXPECT_TRUE(service_ready(service, pods) == (Progress{true, "2/2 ready", ""}));
  pods[1].status.phase = PodPhase::running;
  EXPECT_TRUE(service_ready(service, pods) == (Progress{false, "1/2 ready", "pod/web-1 is running"}));
  pods[1].stop = true;
  EXPECT_TRUE(service_ready(service, pods).done) << "what leaves is not waited for";
}

}  // namespace
}  // namespace fairlead::cli
