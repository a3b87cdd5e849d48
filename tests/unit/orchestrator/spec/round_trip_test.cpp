// SPDX-License-Identifier: Apache-2.0
// What is printed applies again: parse(format(x)) == x, in YAML and in JSON,
// alone and together.
#include <gtest/gtest.h>

#include "orchestrator/spec/spec.h"
#include "tests/support/random_objects.h"

namespace fairlead::spec {
namespace {

constexpr std::uint64_t kObjects = 800;

void expect_back(const Object& object, const std::string& text, std::uint64_t seed) {
  const auto parsed = parse_documents("x", text);
  ASSERT_TRUE(parsed.has_value()) << "seed " << seed << " " << format(parsed.error().front()) << "\n" << text;
  ASSERT_EQ(parsed->size(), 1U);
  ASSERT_TRUE(parsed->front().object == object) << "seed " << seed << "\n"
                                                << text << "\n"
                                                << format_yaml(parsed->front().object);
}

TEST(RoundTrip, Yaml) {
  for (std::uint64_t seed = 0; seed < kObjects; ++seed) {
    const Object object = tests::RandomObjects(seed).any();
    expect_back(object, format_yaml(object), seed);
  }
}

TEST(RoundTrip, Json) {
  for (std::uint64_t seed = 0; seed < kObjects; ++seed) {
    const Object object = tests::RandomObjects(seed).any();
    expect_back(object, format_json(object), seed);
  }
}

TEST(RoundTrip, SeveralInOneFile) {
  tests::RandomObjects random(99);
  std::vector<Object> objects;
  for (int i = 0; i < 20; ++i) {
    objects.push_back(random.any());
    meta_of(objects.back()).name = "o" + std::to_string(i);
  }
  const auto parsed = parse_documents("x", format_yaml(objects));
  ASSERT_TRUE(parsed.has_value()) << format(parsed.error().front());
  ASSERT_EQ(parsed->size(), objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) EXPECT_TRUE((*parsed)[i].object == objects[i]) << i;
}

}  // namespace
}  // namespace fairlead::spec
