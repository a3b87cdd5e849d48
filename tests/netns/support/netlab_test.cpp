// SPDX-License-Identifier: Apache-2.0
// The laboratory itself: nodes reach each other, and nothing stays behind.
#include "tests/support/netlab.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace fairlead::test {
namespace {

class Lab : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
  }
};

TEST_F(Lab, NodesOfAnUnderlayReachEachOtherInBothFamilies) {
  NetLab lab("reach");
  lab.underlay(2);
  EXPECT_TRUE(lab.run("n1", {"ping", "-c1", "-W2", "192.168.77.2"}).ok());
  const Finished six = lab.run("n1", {"ping", "-6", "-c1", "-W2", "fd77::2"});
  EXPECT_TRUE(six.ok()) << six.output;
}

TEST_F(Lab, LeavesNothingBehind) {
  std::filesystem::path space;
  std::filesystem::path scratch;
  pid_t child = 0;
  {
    NetLab lab("gone");
    lab.add("a");
    space = lab.path("a");
    scratch = lab.scratch();
    child = lab.start("a", {"sleep", "100"}).pid();
    EXPECT_TRUE(std::filesystem::exists(space));
  }
  EXPECT_FALSE(std::filesystem::exists(space));
  EXPECT_FALSE(std::filesystem::exists(scratch));
  EXPECT_NE(::kill(child, 0), 0);
}

TEST_F(Lab, RemovesWhatAKilledTestLeft) {
  const pid_t victim = ::fork();
  if (victim == 0) {
    NetLab lab("orphan");
    lab.add("a");
    ::raise(SIGKILL);
  }
  ::waitpid(victim, nullptr, 0);
  const std::filesystem::path left = "/run/netns/flt-orphan-" + std::to_string(victim) + "-a";
  ASSERT_TRUE(std::filesystem::exists(left));
  NetLab next("orphan");
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST_F(Lab, InsideSeesTheLinksOfTheSpaceOnly) {
  NetLab lab("inside");
  lab.add("a");
  lab.add("b");
  lab.veth("a", "flt-x", "b", "flt-y");
  unsigned x = 0;
  unsigned y = 0;
  lab.inside("a", [&] {
    x = ::if_nametoindex("flt-x");
    y = ::if_nametoindex("flt-y");
  });
  EXPECT_NE(x, 0U);
  EXPECT_EQ(y, 0U);
  EXPECT_EQ(::if_nametoindex("flt-x"), 0U);
}

TEST_F(Lab, AFailedCommandThrowsWithItsOutput) {
  NetLab lab("fail");
  lab.add("a");
  try {
    lab.sh("a", "echo because; exit 3");
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("because"), std::string::npos);
  }
}

TEST_F(Lab, ACommandThatHangsIsKilledAtItsLimit) {
  NetLab lab("hang");
  lab.add("a");
  const Finished done = lab.run("a", {"sleep", "60"}, std::chrono::milliseconds(50));
  EXPECT_TRUE(done.timed_out);
  EXPECT_EQ(done.exit_code, 128 + SIGKILL);
}

TEST_F(Lab, AStoppedProcessTellsItsExitCode) {
  NetLab lab("stop");
  lab.add("a");
  Process& child = lab.start("a", {"sh", "-c", "exit 7"});
  EXPECT_EQ(child.wait(), 7);
}

}  // namespace
}  // namespace fairlead::test
