// SPDX-License-Identifier: Apache-2.0
// loadgen's table.
#include "deploy/images/hello/tally.h"

#include <gtest/gtest.h>

namespace fairlead::hello {
namespace {

TEST(Tally, CountsPodsByNode) {
  Tally tally;
  for (int n = 0; n < 3; ++n) tally.answered("pod=web-a1 node=n1 address=10.0.0.1\n");
  tally.answered("pod=web-b2 node=n2 address=10.0.0.2\n");
  EXPECT_EQ(tally.table(),
            "POD     NODE  ANSWERS  SHARE\n"
            "web-a1  n1    3        75.0%\n"
            "web-b2  n2    1        25.0%\n");
  EXPECT_EQ(tally.answers(), 4U);
  EXPECT_EQ(tally.failures(), 0U);
}

TEST(Tally, FailuresStandUnderTheTableByReason) {
  Tally tally;
  tally.failed("Connection refused");
  tally.failed("Connection refused");
  tally.failed("timeout: answer");
  EXPECT_EQ(tally.failures(), 3U);
  EXPECT_EQ(tally.table(),
            "POD  NODE  ANSWERS  SHARE\n"
            "FAILED 2  Connection refused\n"
            "FAILED 1  timeout: answer\n");
}

TEST(Tally, AStrangersAnswerIsAFailure) {
  Tally tally;
  tally.answered("<html>hello</html>");
  tally.answered("pod=web-0");
  EXPECT_EQ(tally.answers(), 0U);
  EXPECT_EQ(tally.failures(), 2U);
}

}  // namespace
}  // namespace fairlead::hello
