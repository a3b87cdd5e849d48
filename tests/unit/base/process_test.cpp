// SPDX-License-Identifier: Apache-2.0
#include "base/io/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace fairlead {
namespace {

ProcessSpec shell(const std::string& script) {
  ProcessSpec spec;
  spec.argv = {"/bin/sh", "-c", script};
  return spec;
}

TEST(Process, GivesExitCodeAndBothStreams) {
  const auto result = run(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_EQ(run(shell("kill -9 $$"))->exit_code, 137);
}

TEST(Process, TakesArgumentsAsTheyAre) {
  ProcessSpec spec;
  spec.argv = {"printf", "%s", "a b; echo $HOME"};
  EXPECT_EQ(run(spec)->out, "a b; echo $HOME");
}

TEST(Process, FeedsInputOfAnySizeAndSurvivesADeafReader) {
  ProcessSpec spec = shell("wc -c");
  spec.input = std::string(1'000'000, 'x');
  EXPECT_EQ(run(spec)->out, "1000000\n");
  spec = shell("exit 0");
  spec.input = std::string(1'000'000, 'x');
  EXPECT_TRUE(run(spec)->ok());
  EXPECT_EQ(run(shell("cat"))->out, "") << "no input is an end of file";
}

TEST(Process, BoundsOutputAndTime) {
  ProcessSpec spec = shell("head -c 100000 /dev/zero");
  spec.max_output = 10;
  const auto cut = run(spec);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->out.size(), 10U);
  EXPECT_TRUE(cut->truncated);
  spec = shell("sleep 100 & wait");
  spec.timeout = Millis{50};
  const auto late = run(spec);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::timeout);
}

TEST(Process, DoesNotWaitForADaemonThatHoldsItsPipes) {
  const auto result = run(shell("setsid sleep 3 & echo started"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "started\n");
}

TEST(Process, LeaksNoDescriptorButThoseKept) {
  const Fd leaky(::open("/dev/null", O_RDONLY));  // without close-on-exec, on purpose
  const std::string look = "test -e /proc/self/fd/" + std::to_string(leaky.get());
  EXPECT_FALSE(run(shell(look))->ok());
  ProcessSpec spec = shell(look);
  spec.keep = {leaky.get()};
  EXPECT_TRUE(run(spec)->ok());
}

TEST(Process, SaysWhichProgramIsMissing) {
  ProcessSpec spec;
  spec.argv = {"no-such-program-anywhere"};
  EXPECT_EQ(run(spec).error().code, Code::not_found);
  spec.argv = {"/no/such/program"};
  EXPECT_EQ(run(spec).error().object, "/no/such/program");
  const auto failed = run_checked(shell("echo the cause >&2; exit 1"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "exit 1: the cause");
}

TEST(Process, AddsToTheEnvironment) {
  ProcessSpec spec = shell("echo $HOME-$MORE");
  spec.env = {"HOME=/x", "MORE=1"};
  spec.cwd = "/";
  EXPECT_EQ(run(spec)->out, "/x-1\n");
}

TEST(Process, StreamsUntilStopped) {
  std::stop_source stop;
  std::string seen;
  bool told = false;
  const auto on_output = [&](Stream, std::string_view bytes) {
    seen += bytes;
    if (seen.contains("two")) stop.request_stop();
  };
  ProcessSpec spec = shell("echo one; echo two; exec sleep 100");
  const auto code = run_streaming(spec, on_output, stop.get_token(), [&] { told = true; });
  ASSERT_TRUE(code);
  EXPECT_EQ(*code, 137);
  EXPECT_EQ(seen, "one\ntwo\n");
  EXPECT_TRUE(told);
}

TEST(Process, StreamsToTheEnd) {
  std::string seen;
  const auto on_output = [&](Stream stream, std::string_view bytes) {
    if (stream == Stream::err) seen += bytes;
  };
  EXPECT_EQ(run_streaming(shell("echo no; echo yes >&2; exit 4"), on_output, {}).value(), 4);
  EXPECT_EQ(seen, "yes\n");
}

}  // namespace
}  // namespace fairlead
