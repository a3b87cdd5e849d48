// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/table.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

TEST(Table, ColumnsAreAlignedWithoutTrailingSpaces) {
  const Table table{{"POD", "STATE", "WHY"}, {{"web-1", "ready", ""}, {"a", "failed", "exit 1"}}};
  EXPECT_EQ(table.text(),
            "POD    STATE   WHY\n"
            "web-1  ready\n"
            "a      failed  exit 1\n");
}

TEST(Table, CharactersCountNotBytes) {
  const Table table{{}, {{"é", "x"}, {"ab", "y"}}};
  EXPECT_EQ(table.text(), "é   x\nab  y\n");
}

TEST(Table, AnObjectCannotMoveTheCursor) {
  const Table table{{}, {{"a\033[2Jb\nc\xC2\x9B", "x"}}};
  EXPECT_EQ(table.text(), "a?[2Jb?c?  x\n");
}

TEST(Age, OneUnitThatFits) {
  const auto age = [](std::int64_t seconds) {
    return format_age(WallTime(Millis(1000)), WallTime(Millis(1000 + seconds * 1000)));
  };
  EXPECT_EQ(age(0), "0s");
  EXPECT_EQ(age(119), "119s");
  EXPECT_EQ(age(120), "2m");
  EXPECT_EQ(age(7199), "119m");
  EXPECT_EQ(age(7200), "2h");
  EXPECT_EQ(age(48 * 3600), "2d");
  EXPECT_EQ(age(-5), "0s");
  EXPECT_EQ(format_age(WallTime{}, WallTime(Millis(5))), "-");
}

TEST(Size, ThreeDigits) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1000), "1000B");
  EXPECT_EQ(format_size(96ULL << 20), "96MiB");
  EXPECT_EQ(format_size(25'195'937'792), "23.5GiB");
  EXPECT_EQ(format_size(1ULL << 50), "1PiB");
  EXPECT_EQ(format_size((200ULL << 30) + (300ULL << 20)), "200GiB");
}

}  // namespace
}  // namespace fairlead::cli
