// SPDX-License-Identifier: Apache-2.0
// The program as a user runs it, against canned answers: output, messages and
// exit codes.
#include "base/io/file.h"
#include "control/document/value.h"
#include "fake_control.h"

namespace fairlead::cli {
namespace {

using testing::Test;
using Program = FakeControl;

TEST_F(Program, GetPrintsATable) {
  const auto got = fairlead({"get", "pods"});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_TRUE(
      got.out.starts_with("POD       JOB     NODE  ADDRESS     STATE   RESTARTS  AGE  WHY\n"
                          "client-1  client  n1    10.244.0.1  failed  0         -    exit 1\n"))
      << got.out;
}

TEST_F(Program, APodOfASilentNodeSaysSo) {
  const auto got = fairlead({"get", "pods"});
  EXPECT_NE(got.out.find("web-2     web     n2    10.244.0.1  ready   0         -\n"), std::string::npos)
      << got.out;
  EXPECT_NE(got.out.find("web-3     web     n3    10.244.0.1  ready   0         -    n3 is silent\n"),
            std::string::npos)
      << got.out;
}

TEST_F(Program, EventsOfWhatHasNoStoryAreNotFoundOrSaidToBeNone) {
  const auto none = fairlead({"events", "job/nope"});
  EXPECT_EQ(none.exit_code, 4);
  EXPECT_NE(none.err.find("job/nope: does not exist"), std::string::npos) << none.err;
  const auto quiet = fairlead({"events", "job/client"});
  EXPECT_EQ(quiet.exit_code, 0);
  EXPECT_EQ(quiet.err, "job/client: nothing has happened\n");
  EXPECT_EQ(fairlead({"events", "job/web"}).err, "");
}

// inspect and restore read it in one way.
TEST_F(Program, ASnapshotThatIsNotWholeIsNamedAndLeavesNoFolder) {
  for (const std::string& bytes :
       {std::string(), std::string("FLSNAP01"), std::string("FLSNAP01\1\0\0\0c", 13)}) {
    const std::string file = folder() + "/cut.snap";
    ASSERT_TRUE(write_file_atomic(file, bytes));
    const auto inspected = fairlead({"snapshot", "inspect", file});
    const auto restored = fairlead({"snapshot", "restore", file, "--data", folder() + "/restored"});
    EXPECT_EQ(restored.exit_code, 1) << bytes.size();
    EXPECT_NE(restored.err.find(file), std::string::npos) << restored.err;
    EXPECT_EQ(restored.err, inspected.err);
    EXPECT_EQ(restored.exit_code, inspected.exit_code);
    EXPECT_FALSE(std::filesystem::exists(folder() + "/restored"));
  }
}

TEST_F(Program, GetPrintsDocumentsThatApply) {
  const auto yaml = fairlead({"get", "job/web", "-o", "yaml"});
  EXPECT_EQ(yaml.exit_code, 0) << yaml.err;
  EXPECT_TRUE(yaml.out.starts_with("kind: Job\nname: web\nnamespace: default\nuid: u-web\nrevision: 7\n"))
      << yaml.out;
  const auto json = fairlead({"get", "pods", "-o", "json"});
  EXPECT_TRUE(json.out.starts_with("{\n  \"kind\": \"List\",\n  \"revision\": \"41\",\n")) << json.out;
}

TEST_F(Program, EveryListPrintsForPrograms) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"get", "pods"},
                                             {"get", "job/web"},
                                             {"events"},
                                             {"node", "drops", "n1"},
                                             {"node", "tables", "n1"},
                                             {"explain", "job/web"},
                                             {"plan", "-f", "-"},
                                             {"apply", "-f", "-"},
                                             {"apply", "-f", "-", "--wait"},
                                             {"delete", "job/web"},
                                             {"wait", "job/web"},
                                             {"version"}}) {
    std::vector<std::string> call = words;
    call.insert(call.end(), {"-o", "json"});
    const auto json = fairlead(call, "kind: Job\n");
    EXPECT_EQ(json.exit_code, 0) << words[0] << json.err;
    const auto document = document::parse_json(json.out);
    EXPECT_TRUE(document && document->is_map() && !document->items.empty()) << words[0] << json.out;
    call.back() = "yaml";
    const auto yaml = fairlead(call, "kind: Job\n");
    EXPECT_EQ(yaml.exit_code, 0) << words[0] << yaml.err;
    EXPECT_NE(yaml.out.find(": "), std::string::npos) << words[0] << yaml.out;
    EXPECT_FALSE(document::parse_json(yaml.out)) << words[0] << yaml.out;
  }
}

TEST_F(Program, VersionForPrograms) {
  EXPECT_NE(fairlead({"version", "-o", "yaml"}).out.find("control: {version: \"0.1.0\", cluster: c1"),
            std::string::npos)
      << fairlead({"version", "-o", "yaml"}).out;
  const auto alone = fairlead({"--socket", folder() + "/none.sock", "version", "-o", "json"});
  EXPECT_EQ(alone.exit_code, 6);
  EXPECT_TRUE(alone.out.starts_with("{\n  \"fairlead\": \"")) << alone.out;
}

// Nothing is dialled: the refusal is exit 2, an address that nobody answers would be 6.
TEST_F(Program, ATokenBeyondLoopbackNeedsAWord) {
  const std::string token = folder() + "/token";
  ASSERT_TRUE(write_file_atomic(token, "0123456789abcdef0123\n"));
  for (const char* server : {"192.0.2.1:7400", "127.example.org:7400", "[2001:db8::1]:7400"}) {
    const auto got = fairlead({"--server", server, "--token-file", token, "get", "pods"});
    EXPECT_EQ(got.exit_code, 2) << server << got.err;
    EXPECT_NE(got.err.find("plain text. add --insecure-plaintext"), std::string::npos) << got.err;
  }
  EXPECT_EQ(fairlead({"--server", "127.0.0.1:1", "--token-file", token, "get", "pods"}).exit_code, 6);
  EXPECT_EQ(fairlead({"--server", "255.255.255.255:1", "--insecure-plaintext", "--token-file", token, "get",
                      "pods"})
                .exit_code,
            6);
}

TEST_F(Program, TheWordMayStandInTheEnvironment) {
  ASSERT_EQ(::setenv("FAIRLEAD_INSECURE_PLAINTEXT", "1", 1), 0);
  const auto got = fairlead({"--server", "255.255.255.255:1", "get", "pods"});
  ASSERT_EQ(::unsetenv("FAIRLEAD_INSECURE_PLAINTEXT"), 0);
  EXPECT_EQ(got.exit_code, 6) << got.err;
}

TEST_F(Program, WaitDoesNotWaitForCreation) {
  const auto got = fairlead({"wait", "job/nope", "--timeout", "60s"});
  EXPECT_EQ(got.exit_code, 4) << got.err;
  EXPECT_NE(fairlead({"wait", "--help"}).out.find("creation is not waited for"), std::string::npos);
}

TEST_F(Program, WhatDoesNotExistIsFour) {
  const auto got = fairlead({"get", "job", "nope"});
  EXPECT_EQ(got.exit_code, 4);
  EXPECT_EQ(got.err, "job/nope: does not exist. List them\n");
}

TEST_F(Program, ApplySendsTheDocumentUnchanged) {
  const auto got = fairlead({"apply", "-f", "-", "-n", "shop", "--expect", "40"}, "kind: Job\n");
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_EQ(got.out, "+ job/web  expect=40&file=stdin&namespace=shop\n");
}

TEST_F(Program, PlanShowsTheNextCommand) {
  const auto got = fairlead({"plan", "-f", "-"}, "kind: Job\n");
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_EQ(got.out,
            "+ job/web  dry_run=1&file=stdin&namespace=default\nNext: fairlead apply -f - --expect 41\n");
}

TEST_F(Program, EveryMistakeOfADocumentIsPrintedAndIsThree) {
  const auto got = fairlead({"apply", "-f", "-"}, "bad: 1\n");
  EXPECT_EQ(got.exit_code, 3);
  EXPECT_EQ(got.err, "stdin:1:1: kind: is missing. Write kind: Job\nstdin:2:1: bad: is not a field here\n");
  EXPECT_EQ(got.out, "");
}

TEST_F(Program, AFileThatIsNotThereIsOne) {
  const auto got = fairlead({"apply", "-f", folder() + "/none.yaml"});
  EXPECT_NE(got.exit_code, 0);
  EXPECT_NE(got.err.find("none.yaml"), std::string::npos) << got.err;
}

TEST_F(Program, ApplyWaitsForItsJobs) {
  const auto got = fairlead({"apply", "-f", "-", "--wait"}, "kind: Job\n");
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_NE(got.out.find("web 3/3 ready in 0."), std::string::npos) << got.out;
}

TEST_F(Program, WaitGivesUpWithTheCause) {
  const auto got = fairlead({"wait", "job/client", "--for", "ready", "--timeout", "250ms"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err,
            "job/client: 0/1 ready after 250ms; pod/client-1 is failed: exit 1. See: fairlead explain "
            "job/client\n");
}

TEST_F(Program, WaitForDeletion) {
  EXPECT_EQ(fairlead({"wait", "job/gone", "--for", "deleted"}).exit_code, 0);
  EXPECT_EQ(fairlead({"wait", "job/web", "--for", "deleted", "--timeout", "100ms"}).exit_code, 1);
}

TEST_F(Program, DeleteAndItsConflict) {
  const auto done = fairlead({"delete", "job", "web"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(done.out, "- job/web\n");
  const auto conflict = fairlead({"delete", "job/web", "--expect", "7"});
  EXPECT_EQ(conflict.exit_code, 5);
  EXPECT_EQ(conflict.err, "job/web: is at revision 8. Read it again\n");
}

TEST_F(Program, ExecCarriesWordsOutputAndTheExitCode) {
  const auto got = fairlead({"exec", "web", "--", "echo", "-n", "--socket", "a b\n", "42"});
  EXPECT_EQ(got.exit_code, 42) << got.err;
  EXPECT_EQ(got.out, "web-1: [echo] [-n] [--socket] [a b\n] [42]");
  EXPECT_EQ(got.err, "to stderr");
}

TEST_F(Program, ExecGivesStdinOnlyWhenAsked) {
  EXPECT_EQ(fairlead({"exec", "web", "--", "cat", "0"}, "hello").out, "web-1: [cat] [0]");
  EXPECT_EQ(fairlead({"exec", "-i", "pod/web-2", "--", "cat", "0"}, "hello").out, "web-2: [cat] [0]{hello}");
}

TEST_F(Program, ExecNeedsAReadyPod) {
  const auto got = fairlead({"exec", "client", "--", "true"});
  EXPECT_EQ(got.exit_code, 1);
  EXPECT_EQ(got.err, "job/client: has no ready pod. Wait for one: fairlead wait job/client --for ready\n");
  EXPECT_EQ(fairlead({"exec", "nope", "--", "true"}).exit_code, 4);
}

TEST_F(Program, LogsOfAPodThatIsNotReady) {
  const auto got = fairlead({"logs", "client", "--tail", "5"});
  EXPECT_EQ(got.exit_code, 0) << got.err;
  EXPECT_EQ(got.out, "client-1 tail 5\n");
  EXPECT_EQ(fairlead({"logs", "client", "--tail", "0"}).out, "client-1 tail 0\n");
  EXPECT_EQ(fairlead({"logs", "client"}).out, "client-1 tail \n");
}

TEST_F(Program, DropsOfANode) {
  const auto got = fairlead({"node", "drops", "n1"});
  EXPECT_EQ(got.out, "NODE  REASON    PACKETS\nn1    NO_ROUTE  3\n");
  EXPECT_EQ(fairlead({"node", "drops", "n2"}).exit_code, 1);
}

TEST_F(Program, TablesOfANode) {
  const auto got = fairlead({"node", "tables", "n1"});
  EXPECT_EQ(got.out, "NODE  TABLE  USED  CAPACITY  LEVEL  REFUSED\nn1    links  3     4096      1%     0\n");
  EXPECT_EQ(fairlead({"node", "tables", "n2"}).exit_code, 1);
}

TEST_F(Program, ExplainNamesTheObjectInThePath) {
  EXPECT_EQ(fairlead({"explain", "pod", "web-1"}).out, "/v1/explain/pod/default/web-1  ready\n");
  EXPECT_EQ(fairlead({"explain", "node/n1"}).out, "/v1/explain/node/-/n1  ready\n");
}

TEST_F(Program, Version) {
  const auto got = fairlead({"version"});
  EXPECT_EQ(got.exit_code, 0);
  EXPECT_NE(got.out.find("control   0.1.0, cluster c1, revision 41\n"), std::string::npos) << got.out;
}

TEST_F(Program, WrongUsageIsTwo) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"bogus"},
                                             {"get"},
                                             {"get", "pdos"},
                                             {"get", "pods", "-o", "xml"},
                                             {"explain", "web"},
                                             {"wait", "job/web", "--timeout", "soon"},
                                             {"exec", "web"},
                                             {"apply"}}) {
    const auto got = fairlead(arguments);
    EXPECT_EQ(got.exit_code, 2) << (arguments.empty() ? "" : arguments[0]) << got.err;
    EXPECT_NE(got.err, "");
  }
}

TEST_F(Program, NobodyThereIsSix) {
  const auto got = fairlead({"--socket", folder() + "/none.sock", "get", "pods"});
  EXPECT_EQ(got.exit_code, 6) << got.err;
  EXPECT_NE(got.err.find("none.sock"), std::string::npos) << got.err;
}

TEST_F(Program, HelpHasAnExampleForEveryCommand) {
  for (const char* name :
       {"apply", "plan", "get", "wait", "logs", "exec", "delete", "explain", "events", "node", "version"}) {
    const auto got = fairlead({name, "--help"});
    EXPECT_EQ(got.exit_code, 0);
    EXPECT_NE(got.out.find(std::string("Example: fairlead ") + name), std::string::npos) << got.out;
  }
}

TEST(EveryProgram, ShowsAnExampleWhenAskedForHelp) {
  for (const char* name : {"fairlead", "fairlead-control", "fairlead-agent", "fl-serve", "loadgen"}) {
    ProcessSpec spec;
    spec.argv = {std::string(std::getenv("FL_BUILD_DIR")) + "/bin/" + name, "--help"};
    const auto got = run(spec);
    ASSERT_TRUE(got) << format(got.error());
    EXPECT_EQ(got->exit_code, 0) << name << got->err;
    EXPECT_EQ(got->err, "") << name;
    EXPECT_NE(got->out.find("xample"), std::string::npos) << name << got->out;
  }
}

}  // namespace
}  // namespace fairlead::cli
