// SPDX-License-Identifier: Apache-2.0
// bad_specs.txt: each case is a document and, word for word, all that a user
// is told about it. "=== name" begins a case, ">>>" its messages.
#include <cstdlib>
#include <gtest/gtest.h>
#include <sstream>

#include "base/io/file.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::spec {
namespace {

struct Case {
  std::string name, text, messages;
};

std::vector<Case> read_cases() {
  const std::string path =
      std::string(std::getenv("FL_SOURCE_DIR")) + "/tests/unit/orchestrator/spec/bad_specs.txt";
  const auto file = read_file(path);
  EXPECT_TRUE(file.has_value()) << path;
  std::istringstream lines(file.value_or(""));
  std::vector<Case> cases;
  bool messages = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), "", ""});
      messages = false;
    } else if (line == ">>>") {
      messages = true;
    } else if (!cases.empty()) {
      (messages ? cases.back().messages : cases.back().text) += line + "\n";
    }
  }
  return cases;
}

TEST(BadSpecs, EachIsToldExactly) {
  const std::vector<Case> cases = read_cases();
  EXPECT_GE(cases.size(), 50U);
  for (const Case& c : cases) {
    const auto parsed = parse_documents("bad.yaml", c.text);
    std::string told;
    if (!parsed)
      for (const Diagnostic& d : parsed.error()) told += format(d) + "\n";
    EXPECT_EQ(told, c.messages) << "=== " << c.name;
  }
}

TEST(BadSpecs, ALaterCapabilityIsUnsupportedNotInvalid) {
  const auto parsed = parse_documents("a.yaml", "kind: Secret\nname: x\n");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().front().code, Code::unsupported);
}

}  // namespace
}  // namespace fairlead::spec
