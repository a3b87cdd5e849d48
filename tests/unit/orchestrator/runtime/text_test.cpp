// SPDX-License-Identifier: Apache-2.0
// The small texts: names and paths, container logs, cgroup mounts, nft rules.
#include <gtest/gtest.h>

#include "orchestrator/runtime/cgroup.h"
#include "orchestrator/runtime/container/exec_probe.h"
#include "orchestrator/runtime/container/log_file.h"
#include "orchestrator/runtime/network/masquerade.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {
namespace {

TEST(Names, AreSafeInPaths) {
  for (const char* name : {"a", "web-1", "0b1c", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"})
    EXPECT_TRUE(check_name("pod uid", name)) << name;
  for (const char* name : {"", ".", "..", "a/b", "-a", "a-", "A", "a.b", "a b", "a\n"})
    EXPECT_FALSE(check_name("pod uid", name)) << name;
  EXPECT_FALSE(check_name("pod uid", std::string(64, 'a')));
}

TEST(Names, TwoNodesShareNoPath) {
  const NodePaths a = NodePaths::make("c1", "n1", "/s/n1", "/r/n1", "/i");
  const NodePaths b = NodePaths::make("c1", "n2", "/s/n2", "/r/n2", "/i");
  EXPECT_EQ(a.cgroup("u", "web"), "/fairlead/c1/n1/u/web");
  EXPECT_NE(a.cgroup_parent, b.cgroup_parent);
  EXPECT_EQ(a.rootfs("u", "web"), "/s/n1/pods/u/c/web/rootfs");
  EXPECT_EQ(b.runc_root, "/r/n2/runc");
  EXPECT_EQ(container_id("u", "web"), "u.web");
}

TEST(Log, GivesRecordsOfBothStreams) {
  const std::string text =
      "2026-01-02T03:04:05.6+00:00 stdout F hello world\n"
      "2026-01-02T03:04:05.7+00:00 stderr F \n"
      "2026-01-02T03:04:05.8+00:00 stdout P par\n"
      "2026-01-02T03:04:05.9+00:00 stdout F tial\n"
      "2026-01-02T03:04:06.0+00:00 stdout F cut";
  const LogChunk chunk = parse_log(text, 1000);
  ASSERT_EQ(chunk.lines.size(), 4U);
  EXPECT_EQ(chunk.lines[0], (LogLine{"2026-01-02T03:04:05.6+00:00", false, true, "hello world"}));
  EXPECT_EQ(chunk.lines[1], (LogLine{"2026-01-02T03:04:05.7+00:00", true, true, ""}));
  EXPECT_FALSE(chunk.lines[2].whole);
  EXPECT_TRUE(chunk.lines[3].whole);
  EXPECT_EQ(chunk.next, 1000 + text.rfind('\n') + 1) << "the unfinished record waits";
  EXPECT_EQ(chunk.malformed, 0U);
}

TEST(Log, CountsWhatIsMalformed) {
  const LogChunk chunk =
      parse_log("\nx\na b c\nt stdout Q text\nt stdin F text\nt stdout F ok\n stdout F x\n", 0);
  ASSERT_EQ(chunk.lines.size(), 1U);
  EXPECT_EQ(chunk.lines[0].text, "ok");
  EXPECT_EQ(chunk.malformed, 6U);
}

TEST(Cgroup, FindsEveryHierarchy) {
  const std::string mounts =
      "25 18 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
      "26 25 0:23 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu\n"
      "27 25 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\nbroken line\n";
  using Paths = std::vector<std::filesystem::path>;
  EXPECT_EQ(cgroup_roots(mounts), (Paths{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"}));
  EXPECT_EQ(unified_roots(mounts), (Paths{"/sys/fs/cgroup/unified"}));
}

TEST(Cgroup, ProcessesAreCountedByV1OrElseByTheUnifiedHierarchy) {
  const std::string pids = "27 25 0:24 / /sys/fs/cgroup/pids rw shared:9 - cgroup cgroup rw,pids\n";
  const std::string memory = "26 25 0:23 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
  const std::string unified = "28 25 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
  const auto hybrid = process_hierarchy(memory + unified + pids);
  ASSERT_TRUE(hybrid);
  EXPECT_EQ(hybrid->root, "/sys/fs/cgroup/pids");
  EXPECT_EQ(hybrid->controller, "pids");
  const auto pure = process_hierarchy(unified);
  ASSERT_TRUE(pure);
  EXPECT_EQ(pure->root, "/sys/fs/cgroup");
  EXPECT_EQ(pure->controller, "");
  EXPECT_FALSE(process_hierarchy(memory + unified));
  EXPECT_FALSE(process_hierarchy(""));
}

TEST(LastLine, IsWhatAProbeSaidLastAndNothingUnprintable) {
  const auto last = [](std::initializer_list<std::string> parts) {
    LastLine line;
    for (const std::string& part : parts) line.add(part);
    return line.text();
  };
  EXPECT_EQ(last({}), "");
  EXPECT_EQ(last({"\n \n"}), "");
  EXPECT_EQ(last({"first\nsec", "ond\n\n"}), "second");
  EXPECT_EQ(last({"a\x1b[31m\xff"}), "a?[31m?");
  EXPECT_EQ(last({std::string(5000, 'x'), "\nend"}), "end");
  EXPECT_EQ(last({std::string(5000, 'x')}), std::string(120, 'x') + "...");
}

TEST(Cgroup, RemovesOnlyOurs) {
  for (const char* path : {"", "/", "/fairlead/", "/user.slice", "fairlead/x", "/fairlead/../user.slice"})
    EXPECT_EQ(remove_cgroup(path, false).error().code, Code::invalid) << path;
}

TEST(Masquerade, NamesUplinkPoolsAndExceptions) {
  const auto prefix = [](const char* text) { return Prefix::parse(text).value(); };
  const std::string rules = masquerade_rules(
      {"eth0", {prefix("10.244.0.0/16"), prefix("fd00:244::/64")}, {prefix("10.96.0.0/16")}});
  EXPECT_TRUE(rules.starts_with("add table inet fairlead\ndelete table inet fairlead\n")) << rules;
  EXPECT_TRUE(
      rules.contains(R"(oifname "eth0" ip saddr { 10.244.0.0/16 } ip daddr != { 10.96.0.0/16 } masquerade)"))
      << rules;
  EXPECT_TRUE(rules.contains(R"(oifname "eth0" ip6 saddr { fd00:244::/64 } masquerade)")) << rules;
  EXPECT_TRUE(rules.contains(R"(oifname "eth0" ip saddr { 10.244.0.0/16 } ct state invalid drop)")) << rules;
  EXPECT_TRUE(rules.contains(R"(iifname "eth0" ip saddr { 10.96.0.0/16 } ip daddr { 10.96.0.0/16 } drop)"))
      << rules;
}

TEST(Cgroup, KillsForWantOfMemoryAreReadInBothForms) {
  EXPECT_EQ(parse_oom_kills("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), 3U);
  EXPECT_EQ(parse_oom_kills("low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n"), 1U);
  for (const char* text : {"", "oom_kill", "oom_kill x", "oom_kill_disable 1"})
    EXPECT_EQ(parse_oom_kills(text), 0U) << text;
}

}  // namespace
}  // namespace fairlead::runtime
