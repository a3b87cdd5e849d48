// SPDX-License-Identifier: Apache-2.0
// Bombs: what is too large, too deep or too many is refused with a reason.
#include <gtest/gtest.h>

#include "orchestrator/spec/spec.h"

namespace fairlead::spec {
namespace {

std::string told(std::string_view text) {
  const auto parsed = parse_documents("x", text);
  if (parsed) return "";
  EXPECT_LE(parsed.error().size(), document::kMaxDiagnostics);
  return format(parsed.error().front());
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Limits, AMebibyteAndNoMore) {
  EXPECT_EQ(told(std::string((1U << 20) + 1, '#')), "x: is larger than 1 MiB. Split the file");
  EXPECT_EQ(told(std::string(1U << 20, '#')),
            "x: holds no object. Write kind, name and the fields of an object");
}

TEST(Limits, AThousandDocuments) {
  EXPECT_NE(told(repeat("---\na: b\n", 1001)).find("more than 1000 documents"), std::string::npos);
}

TEST(Limits, AThousandObjectsInAList) {
  const std::string item = R"({"kind":"Namespace","name":"a"},)";
  std::string list = R"({"kind":"List","items":[)" + repeat(item, 1001);
  list.back() = ']';
  EXPECT_EQ(told(list + "}"), "x: has more than 1000 objects. Split the file");
}

TEST(Limits, DepthInYamlAndJson) {
  for (const std::size_t depth : {40U, 400U, 5000U, 500'000U}) {
    EXPECT_NE(told("a: " + repeat("[", depth)), "") << depth;
    EXPECT_NE(told(R"({"a":)" + repeat("[", depth)).find("nested deeper than 32 levels"), std::string::npos)
        << depth;
    EXPECT_NE(told(repeat("- ", depth) + "x"), "") << depth;
    EXPECT_NE(told(repeat("? ", depth) + "x"), "") << depth;
  }
  EXPECT_NE(told("a: " + repeat("[", 40) + repeat("]", 40)).find("nested deeper than 32 levels"),
            std::string::npos);
}

TEST(Limits, AliasBombs) {
  EXPECT_NE(told("a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b,*b]\n").find("anchor or alias"),
            std::string::npos);
}

TEST(Limits, ManyValues) {
  EXPECT_NE(told("a: [" + repeat("x,", 300'000) + "]").find("more than 200000 values"), std::string::npos);
}

TEST(Limits, ManyMistakesAreBounded) {
  std::string text = "kind: Namespace\nname: a\n";
  for (int i = 0; i < 500; ++i) text += "wrong" + std::to_string(i) + ": 1\n";
  const auto parsed = parse_documents("x", text);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().size(), document::kMaxDiagnostics);
}

TEST(Limits, OtherEncodings) {
  EXPECT_EQ(told("kind: J\xFFob\n"), "x: is not UTF-8 text. Save it as UTF-8");
  EXPECT_EQ(told(std::string("k\0i\0n\0d\0", 8)), "x: is not UTF-8 text. Save it as UTF-8");
  EXPECT_EQ(told("\xEF\xBB\xBFkind: Namespace\nname: a\n"), "");
}

}  // namespace
}  // namespace fairlead::spec
