// SPDX-License-Identifier: Apache-2.0
// docs/spec.md shows a file that the reader takes, and one that uses every
// field: a field that it forgets would be one that nobody can find.
#include <cstdlib>
#include <gtest/gtest.h>

#include "base/io/file.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::spec {
namespace {

std::string documented() {
  const std::string page = read_file(std::string(std::getenv("FL_SOURCE_DIR")) + "/docs/spec.md").value();
  const std::string fence = "```yaml\n";
  const std::size_t begin = page.find(fence) + fence.size();
  return page.substr(begin, page.find("```\n", begin) - begin);
}

TEST(Documented, TheFileOfThePageIsTaken) {
  const auto parsed = parse_documents("docs/spec.md", documented());
  for (const Diagnostic& mistake : parsed ? std::vector<Diagnostic>{} : parsed.error())
    ADD_FAILURE() << format(mistake);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 1U);
}

TEST(Documented, ItSaysEveryFieldThatPrints) {
  const auto parsed = parse_documents("docs/spec.md", documented());
  ASSERT_TRUE(parsed);
  Job job = std::get<Job>(parsed->front().object);
  for (const char* field : {"labels", "type", "replicas", "containers", "command", "env", "resources", "pids",
                            "ports", "ready", "live", "after", "grace", "expose", "place", "update"})
    EXPECT_NE(format_yaml(Object(job)).find(std::string(field) + ":"), std::string::npos) << field;
}

}  // namespace
}  // namespace fairlead::spec
