// SPDX-License-Identifier: Apache-2.0
#include "control/document/diagnostic.h"

#include <array>
#include <gtest/gtest.h>

namespace fairlead::document {
namespace {

constexpr std::array<std::string_view, 4> kWords{"replicas", "name", "expose", "to"};

TEST(Diagnostic, AsTheDesignShowsIt) {
  const Diagnostic d{{9, 22},
                     "containers[0].resources.cpu",
                     "250",
                     "exceeds every node",
                     "Did you mean 0.25?",
                     "bad.yaml",
                     Code::invalid};
  EXPECT_EQ(format(d), "bad.yaml:9:22: resources.cpu: 250 exceeds every node. Did you mean 0.25?");
}

TEST(Diagnostic, WithoutPlaceOrField) {
  EXPECT_EQ(format(Diagnostic{{}, "", "", "is empty", "Write one", "a.yaml", Code::invalid}),
            "a.yaml: is empty. Write one");
  EXPECT_EQ(format(Diagnostic{{1, 2}, "name", "", "is missing", "", "", Code::invalid}),
            "1:2: name: is missing");
}

TEST(Suggest, TheNearestWord) {
  EXPECT_EQ(suggest("replica", kWords), "Did you mean replicas?");
  EXPECT_EQ(suggest("REPLICAS", kWords), "Did you mean replicas?");
  EXPECT_EQ(suggest("nmae", kWords), "Did you mean name?") << "neighbours swapped";
  EXPECT_EQ(suggest("ot", kWords), "Did you mean to?");
}

TEST(Suggest, NothingWhenNothingIsNear) {
  EXPECT_EQ(suggest("colour", kWords), "");
  EXPECT_EQ(suggest("xy", kWords), "");
  EXPECT_EQ(suggest(std::string(100'000, 'r'), kWords), "");
}

TEST(DisplayValue, IsShortAndHarmless) {
  EXPECT_EQ(display_value("10"), "10");
  EXPECT_EQ(display_value("-1.5"), "-1.5");
  EXPECT_EQ(display_value("a\033[2J\n"), "\"a?[2J?\"");
  EXPECT_EQ(display_value(std::string(100, 'x')), "\"" + std::string(48, 'x') + "...\"");
  std::string wide(47, 'x');
  wide += "\xC3\xA9y";
  EXPECT_EQ(display_value(wide), "\"" + std::string(47, 'x') + "...\"") << "no half of a character";
}

}  // namespace
}  // namespace fairlead::document
