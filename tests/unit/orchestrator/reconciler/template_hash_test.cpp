// SPDX-License-Identifier: Apache-2.0
// The stored hash: a golden value per version, and every field matters.
#include "control/catalog/template_hash.h"

#include <functional>
#include <gtest/gtest.h>
#include <set>

#include "tests/support/facts.h"

namespace fairlead {
namespace {

TEST(TemplateHash, StaysTheSameForEver) {
  EXPECT_EQ(template_hash(PodTemplate{}), "5b21f68ffa77f14c");
  EXPECT_EQ(template_hash(facts::job("web", 1).pod), "197ba6762216b57f");
}

TEST(TemplateHash, EveryFieldMatters) {
  using Edit = std::function<void(PodTemplate&)>;
  const std::vector<Edit> edits{
      [](auto&) {},
      [](auto& t) { t.grace = Millis(1); },
      [](auto& t) { t.containers[0].name = "other"; },
      [](auto& t) { t.containers[0].image = "oci:other"; },
      [](auto& t) { t.containers[0].command = {"a", "b"}; },
      [](auto& t) { t.containers[0].command = {"ab"}; },
      [](auto& t) { t.containers[0].env = {{"a", "b"}}; },
      [](auto& t) { t.containers[0].resources.cpu_milli = 1; },
      [](auto& t) { t.containers[0].resources.memory_bytes = 1; },
      [](auto& t) { t.containers[0].resources.pids = 1; },
      [](auto& t) { t.containers[0].ports.pop_back(); },
      [](auto& t) { t.containers[0].ports[0].port = 1; },
      [](auto& t) { t.containers[0].ports[0].protocol = Protocol::udp; },
      [](auto& t) { t.containers[0].ports[0].name = "x"; },
      [](auto& t) { t.containers[0].ready = Probe{}; },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->port = "http"; },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->type = Probe::Type::http; },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->path = "/x"; },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->every = Millis(1); },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->timeout = Millis(1); },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->failures = 1; },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->after = Millis(1); },
      [](auto& t) { t.containers[0].ready = Probe{}, t.containers[0].ready->exec = {"a", "b"}; },
      [](auto& t) { t.containers[0].live = Probe{}; },
      [](auto& t) { t.containers.push_back(t.containers[0]); },
      [](auto& t) { t.containers.clear(); },
  };
  std::set<std::string> seen;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    PodTemplate edited = facts::job("web", 1).pod;
    edits[i](edited);
    EXPECT_TRUE(seen.insert(template_hash(edited)).second) << "edit " << i;
  }
}

}  // namespace
}  // namespace fairlead
