// SPDX-License-Identifier: Apache-2.0
// AgentStep: a node in memory on which no promise may be broken.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_node.h"

namespace fairlead::agent {

class AgentStep : public testing::Test {
 protected:
  FakeNode node;
  void TearDown() override { EXPECT_THAT(node.violations, testing::IsEmpty()); }

  // A pod that was wanted half a second ago, and its work done.
  std::shared_ptr<const Pod> begun(std::size_t containers = 1) {
    auto pod = make_pod("a", containers);
    node.want({pod});
    node.run_until_idle(Millis{500});
    return pod;
  }
  std::vector<PodPhase> phases(const PodUid& pod) const {
    std::vector<PodPhase> seen;
    for (const PodStatus& status : node.reports.at(pod))
      if (seen.empty() || seen.back() != status.phase) seen.push_back(status.phase);
    return seen;
  }
  std::size_t pending_index(Verb verb) const {
    for (std::size_t i = 0; i < node.pending.size(); ++i)
      if (const auto* work = std::get_if<Work>(&node.pending[i]); work && work->verb == verb) return i;
    ADD_FAILURE() << "nothing pending: " << to_string(verb);
    return 0;
  }
  void answer(Verb verb, bool succeed) { node.answer(pending_index(verb), succeed); }
  void advance(Millis by) {
    node.now.mono += by;
    node.now.wall += by;
    node.send(Tick{});
  }
};

}  // namespace fairlead::agent
