// SPDX-License-Identifier: Apache-2.0
// Real containers under runc and conmon: life, exit codes, limits, exec, logs,
// several containers in one pod, and that nothing is left.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <sys/wait.h>
#include <thread>

#include "base/io/file.h"
#include "orchestrator/runtime/container/exec.h"
#include "orchestrator/runtime/container/exec_probe.h"
#include "orchestrator/runtime/image/image.h"
#include "orchestrator/runtime/layer/rootfs.h"
#include "tests/netns/runtime/node.h"

namespace fairlead::runtime {
namespace {

using test::eventually;

struct Output {
  std::string out, err;
  OnOutput collect() {
    return [this](Stream stream, std::string_view bytes) { (stream == Stream::out ? out : err) += bytes; };
  }
};

TEST(Container, LivesAsItsSpecSays) {
  const TestNode node;
  const NodePaths& paths = node.paths();
  const Pod pod = make_pod("life", {busybox("main",
                                            "echo hello; echo oops >&2; hostname; cat /etc/resolv.conf; "
                                            "printf end; trap 'exit 7' TERM; while :; do sleep 0.05; done")});
  ASSERT_TRUE(ok(create_pod(paths, pod)));
  EXPECT_EQ(container_status(paths, "life", "main")->state, ContainerState::created);
  ASSERT_TRUE(ok(create_pod(paths, pod))) << "creating again is success";
  ASSERT_TRUE(ok(start_container(paths, "life", "main")));
  ASSERT_TRUE(ok(start_container(paths, "life", "main"))) << "starting again is success";
  EXPECT_EQ(container_status(paths, "life", "main")->state, ContainerState::running);
  const auto says = [&](std::string_view text, bool is_stderr) {
    const auto log = read_log(paths, "life", "main", 0);
    return log && std::ranges::any_of(log->lines, [&](const LogLine& l) {
             return l.text == text && l.is_stderr == is_stderr;
           });
  };
  EXPECT_TRUE(
      eventually([&] { return says("hello", false) && says("oops", true) && says("web-life", false); }));
  EXPECT_TRUE(
      eventually([&] { return says("nameserver 10.96.0.10", false) && says("search x.internal", false); }));
  ASSERT_TRUE(ok(kill_container(paths, "life", "main", SIGTERM)));
  ASSERT_TRUE(eventually([&] { return is_stopped(paths, "life", "main"); }));
  EXPECT_EQ(container_status(paths, "life", "main")->exit_code, 7);
  EXPECT_TRUE(ok(kill_container(paths, "life", "main", SIGKILL))) << "killing the dead is success";
  const auto tail = tail_log(paths, "life", "main", 1);
  ASSERT_TRUE(ok(tail));
  ASSERT_FALSE(tail->lines.empty());
  EXPECT_EQ(tail->lines.front().text, "end") << "also without a line end";
  ASSERT_TRUE(ok(remove_container(paths, "life", "main")));
  EXPECT_EQ(container_status(paths, "life", "main")->exit_code, 7) << "kept until the pod goes";
}

TEST(Container, StartsAgainWithAFreshRootAndNoOldExitCode) {
  const TestNode node;
  const Pod pod = make_pod("again", {busybox("main", "test ! -e /mark && touch /mark && exit 3; exit 9")});
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(ok(create_pod(node.paths(), pod)));
    EXPECT_FALSE(container_status(node.paths(), "again", "main")->exit_code);
    ASSERT_TRUE(ok(start_container(node.paths(), "again", "main")));
    ASSERT_TRUE(eventually([&] { return is_stopped(node.paths(), "again", "main"); }));
    EXPECT_EQ(container_status(node.paths(), "again", "main")->exit_code, 3);
  }
}

TEST(Container, ThatCannotRunSaysWhy) {
  const TestNode node;
  Container container = busybox("main", "");
  container.command = {"/no/such/program"};
  const auto created = create_pod(node.paths(), make_pod("bad", {container}));
  ASSERT_FALSE(created);
  EXPECT_TRUE(created.error().reason.contains("/no/such/program")) << format(created.error());
  container.image = "oci:none";
  const auto missing = create_pod(node.paths(), make_pod("bad", {container}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
}

TEST(Container, IsKilledBeyondItsMemory) {
  const TestNode node;
  Container greedy = busybox("main", "a=x; while :; do a=$a$a; done");
  greedy.resources.memory_bytes = 16U << 20;
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("oom", {greedy}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "oom", "main")));
  ASSERT_TRUE(eventually([&] { return is_stopped(node.paths(), "oom", "main"); }, std::chrono::seconds(30)));
  const auto status = container_status(node.paths(), "oom", "main");
  EXPECT_EQ(status->exit_code, 137);
  EXPECT_TRUE(status->oom_killed);
}

// Whichever cgroup version the machine has, the kernel's own file holds the limit.
std::string limit_of(const std::string& group, const std::vector<std::string>& files) {
  for (const std::string& file : files)
    for (const std::string root : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/pids", "/sys/fs/cgroup"})
      if (const auto text = read_file(root + group + "/" + file)) return text->substr(0, text->find('\n'));
  return "";
}

TEST(Container, HasNoMoreProcessesAndCpuThanItsSpecSays) {
  const TestNode node;
  Container many = busybox("main",
                           "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done; echo all; "
                           "while :; do sleep 1; done");
  many.resources.pids = 8;
  many.resources.cpu_milli = 250;
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("many", {many}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "many", "main")));
  const std::string group = node.paths().cgroup("many", "main");
  EXPECT_EQ(limit_of(group, {"pids.max"}), "8");
  const std::string quota = limit_of(group, {"cpu.cfs_quota_us", "cpu.max"});
  EXPECT_TRUE(quota == "25000" || quota == "25000 100000") << quota;
  const auto refused = [&] {
    const auto log = read_log(node.paths(), "many", "main", 0);
    return log && std::ranges::any_of(log->lines,
                                      [](const LogLine& l) { return l.text.find("fork") != l.text.npos; });
  };
  EXPECT_TRUE(eventually(refused)) << "twelve processes where eight are allowed";
}

TEST(Container, ExecGivesOutputInputAndExitCode) {
  const TestNode node;
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("exec", {busybox("main", "exec sleep 1000")}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "exec", "main")));
  Output said;
  ExecSpec spec;
  spec.argv = {"/bin/sh", "-c", "echo out; echo err >&2; id -u; grep CapEff /proc/self/status; exit 5"};
  const auto code = exec_in_container(node.paths(), "exec", "main", spec, said.collect(), {});
  ASSERT_TRUE(ok(code));
  EXPECT_EQ(*code, 5);
  EXPECT_TRUE(said.out.starts_with("out\n0\n")) << said.out;
  EXPECT_EQ(said.err, "err\n");
  spec.argv = {"/no/program"};
  Output none;
  const auto refused = exec_in_container(node.paths(), "exec", "main", spec, none.collect(), {});
  ASSERT_TRUE(ok(refused));
  EXPECT_EQ(*refused, 127);
  EXPECT_TRUE(none.err.contains("/no/program") && none.err.contains("no such file")) << none.err;
  spec.argv.assign(1, "no-program");
  EXPECT_EQ(exec_in_container(node.paths(), "exec", "main", spec, none.collect(), {}).value_or(-1), 127);
  EXPECT_TRUE(none.err.ends_with("executable file not found in $PATH\n")) << none.err;
  spec.argv = {"/etc"};
  EXPECT_EQ(exec_in_container(node.paths(), "exec", "main", spec, none.collect(), {}).value_or(-1), 126);
  spec.argv = {"/bin/sh", "-c", "echo exec failed: mine >&2; exit 255"};
  Output mine;
  EXPECT_EQ(exec_in_container(node.paths(), "exec", "main", spec, mine.collect(), {}).value_or(-1), 255);
  EXPECT_EQ(mine.err, "exec failed: mine\n") << "what the program says itself stays";
}

// What the container's first program and whatever is run in it later may do.
TEST(Container, HasFewPrivilegesAndGetsNoMore) {
  const TestNode node;
  const std::string script =
      "grep -E 'NoNewPrivs|Seccomp:|CapEff|CapBnd' /proc/self/status; "
      "unshare -U true; mount -t tmpfs none /tmp; mknod /tmp/disk b 8 0; hostname other; echo end";
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("few", {busybox("main", script + "; sleep 1000")}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "few", "main")));
  Output said;
  ExecSpec spec;
  spec.argv = {"/bin/sh", "-c", "exec 2>&1; " + script};
  ASSERT_TRUE(ok(exec_in_container(node.paths(), "few", "main", spec, said.collect(), {})));
  std::string log;
  EXPECT_TRUE(eventually([&] {
    log.clear();
    const auto read = read_log(node.paths(), "few", "main", 0);
    if (!read) return false;
    for (const LogLine& line : read->lines) log += line.text + "\n";
    return log.contains("end\n") && log.contains("sethostname");  // the last of either stream
  }));
  for (const std::string& text : {said.out, log}) {
    for (const char* line :
         {"NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapEff:\t00000000000425fb\n", "CapBnd:\t00000000000425fb\n"})
      EXPECT_TRUE(text.contains(line)) << line << " in " << text;
    for (const char* line :
         {"unshare: unshare(0x10000000): Operation not permitted", "mount: permission denied",
          "mknod: /tmp/disk: Operation not permitted", "sethostname: Operation not permitted"})
      EXPECT_TRUE(text.contains(line)) << line << " in " << text;
  }
}

TEST(Container, StoppingAnExecKillsTheProgramInside) {
  const TestNode node;
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("cancel", {busybox("main", "exec sleep 1000")}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "cancel", "main")));
  std::stop_source stop;
  ExecSpec spec;
  spec.argv = {"/bin/sh", "-c", "echo begun; exec sleep 4321"};
  const OnOutput stop_when_begun = [&](Stream, std::string_view) { stop.request_stop(); };
  ASSERT_TRUE(ok(exec_in_container(node.paths(), "cancel", "main", spec, stop_when_begun, stop.get_token())));
  spec.argv = {"/bin/sh", "-c", "ps | grep -c 'sleep 432[1]'"};
  EXPECT_TRUE(eventually([&] {
    Output said;
    const auto code = exec_in_container(node.paths(), "cancel", "main", spec, said.collect(), {});
    return code && said.out == "0\n";
  }));
}

// Asks the container's own /proc, which has nothing but its processes.
int count_inside(const NodePaths& paths, const std::string& uid, const std::string& words) {
  ExecSpec spec;
  spec.argv = {"/bin/sh", "-c", "ps | grep -c '" + words + "'"};
  Output said;
  const auto code = exec_in_container(paths, uid, "main", spec, said.collect(), {});
  return code ? std::atoi(said.out.c_str()) : -1;
}

TEST(ProbeExec, IsWellAtExitZeroAndSaysTheLastLineElse) {
  const TestNode node;
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("ask", {busybox("main", "exec sleep 1000")}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "ask", "main")));
  const auto ask = [&](const std::string& script) {
    return probe_exec(node.paths(), "ask", "main", {"live", {"/bin/sh", "-c", script}, Millis{20'000}});
  };
  EXPECT_TRUE(ask("true").well);
  EXPECT_EQ(ask("true").reason, "");
  EXPECT_FALSE(ask("echo one; echo no disk >&2; exit 3").well);
  EXPECT_EQ(ask("echo one; echo no disk >&2; exit 3").reason, "exit 3: no disk");
  const ProbeResult none = probe_exec(node.paths(), "ask", "main", {"live", {"/no/check"}, Millis{20'000}});
  EXPECT_TRUE(none.reason.starts_with("exit 127: ") && none.reason.contains("no such file")) << none.reason;
  EXPECT_TRUE(ask("for i in 1 2 3; do sleep 4322 >/dev/null 2>&1 & done").well);
  EXPECT_EQ(count_inside(node.paths(), "ask", "sleep 432[2]"), 0) << "what a probe starts ends with it";
}

TEST(ProbeExec, AfterItsTimeoutNothingOfItIsLeftAndOthersGoOn) {
  const TestNode node;
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("stuck", {busybox("main", "exec sleep 1000")}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "stuck", "main")));
  // Grandchildren apart from their parents (setsid), deaf to TERM, that have let go of every pipe.
  const std::string script =
      "trap '' TERM; echo begun; setsid sh -c 'sleep 4323 >/dev/null 2>&1 & sleep 4323'; sleep 4323";
  const ProbeResult result =
      probe_exec(node.paths(), "stuck", "main", {"ready", {"/bin/sh", "-c", script}, Millis{1500}});
  EXPECT_FALSE(result.well);
  EXPECT_EQ(result.reason, "no end in 1s500ms: begun");
  EXPECT_EQ(count_inside(node.paths(), "stuck", "sleep 432[3]"), 0);
  EXPECT_EQ(container_status(node.paths(), "stuck", "main")->state, ContainerState::running);
  std::stop_source stop;  // an agent that ends waits for nobody's timeout
  std::jthread later([&] {
    EXPECT_TRUE(eventually([&] { return count_inside(node.paths(), "stuck", "sleep 432[4]") == 1; }));
    stop.request_stop();
  });
  const ExecProbe endless{"ready", {"/bin/sleep", "4324"}, Millis{60'000}};
  EXPECT_FALSE(probe_exec(node.paths(), "stuck", "main", endless, stop.get_token()).well);
  EXPECT_EQ(count_inside(node.paths(), "stuck", "sleep 432[4]"), 0);
  EXPECT_TRUE(probe_exec(node.paths(), "stuck", "main", {"ready", {"/bin/true"}, Millis{20'000}}).well);
}

TEST(Pod, ContainersShareTheNamespaceOfThePod) {
  const TestNode node;
  const Pod pod = make_pod("two", {busybox("a", "exec sleep 1000"), busybox("b", "exec sleep 1000")});
  ASSERT_TRUE(ok(create_pod(node.paths(), pod)));
  std::vector<std::filesystem::path> namespaces;
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(ok(start_container(node.paths(), "two", name)));
    const int pid = container_status(node.paths(), "two", name)->pid;
    namespaces.push_back(std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/net"));
  }
  EXPECT_EQ(namespaces[0], namespaces[1]);
  EXPECT_NE(namespaces[0], std::filesystem::read_symlink("/proc/self/ns/net"));
  const auto listed = list_containers(node.paths());
  ASSERT_TRUE(ok(listed));
  EXPECT_EQ(listed->size(), 2U);
}

std::string mounts_and_processes_of(const NodePaths& paths) {
  ProcessSpec look;
  look.argv = {
      "sh", "-c",
      "grep \"$0\" /proc/self/mountinfo; find /sys/fs/cgroup -type d -path \"*/fairlead/$0/n1/*\"; "
      "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep \"[c]onmon.*$0\"; done",
      paths.cluster};
  const auto seen = run(look);
  return seen ? seen->out : format(seen.error());
}

TEST(Pod, RemovedLeavesNothing) {
  const TestNode node;
  const Pod pod =
      make_pod("gone", {busybox("a", "trap '' TERM; while :; do sleep 1; done"), busybox("b", "exit 4")});
  ASSERT_TRUE(ok(create_pod(node.paths(), pod)));
  ASSERT_TRUE(ok(start_container(node.paths(), "gone", "a")));
  ASSERT_TRUE(ok(start_container(node.paths(), "gone", "b")));
  EXPECT_NE(mounts_and_processes_of(node.paths()), "");
  ASSERT_TRUE(ok(remove_pod(node.paths(), "gone")));
  ASSERT_TRUE(ok(remove_pod(node.paths(), "gone"))) << "removing again is success";
  EXPECT_EQ(mounts_and_processes_of(node.paths()), "");
  EXPECT_TRUE(list_pods(node.paths())->empty());
  EXPECT_TRUE(std::filesystem::is_empty(node.paths().exits()));
  EXPECT_TRUE(std::filesystem::is_empty(node.paths().attach()));
  EXPECT_TRUE(std::filesystem::is_empty(node.paths().runc_root));
}

bool tell(const std::string& file, const char* text) {
  std::ofstream to(file);
  return static_cast<bool>(to << text << std::flush);
}

TEST(Pod, WhatDiedBeforeItsStartIsNotWaitedFor) {
  const TestNode node;
  const Pod pod = make_pod("early", {busybox("main", "sleep 60")});
  ASSERT_TRUE(ok(create_pod(node.paths(), pod)));
  const auto created = container_status(node.paths(), "early", "main");
  ASSERT_TRUE(ok(created));
  ASSERT_EQ(created->state, ContainerState::created);
  ASSERT_EQ(::kill(created->pid, SIGKILL), 0);
  EXPECT_TRUE(ok(start_container(node.paths(), "early", "main"))) << "its exit tells what happened";
  EXPECT_TRUE(eventually([&] { return is_stopped(node.paths(), "early", "main"); }));
  EXPECT_FALSE(ok(create_container(node.paths(), pod, pod.pod.containers[0]))) << "not prepared anew";
  ASSERT_TRUE(ok(create_pod(node.paths(), pod)));
  ASSERT_TRUE(ok(start_container(node.paths(), "early", "main")));
  EXPECT_EQ(container_status(node.paths(), "early", "main")->state, ContainerState::running);
}

// Who makes it is stopped as a service manager stops a service: everything in its cgroup gets SIGKILL.
TEST(Pod, OutlivesTheServiceThatMadeIt) {
  const TestNode node;
  const std::string service = "/fairlead/" + node.paths().cluster + "/service";
  const auto cgroup = make_cgroup(service);
  ASSERT_TRUE(ok(cgroup));
  ASSERT_FALSE(cgroup->empty()) << "no cgroup v2 here";
  const Pod pod =
      make_pod("orphan", {busybox("main", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done")});
  const pid_t creator = ::fork();
  ASSERT_GE(creator, 0);
  if (creator == 0) {
    const bool made = tell(*cgroup + "/cgroup.procs", "0") && create_pod(node.paths(), pod) &&
                      start_container(node.paths(), "orphan", "main");
    if (!made || !tell(*cgroup + "/cgroup.kill", "1")) ::kill(::getpid(), SIGABRT);
    for (;;) ::pause();
  }
  int status = 0;
  ::waitpid(creator, &status, 0);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  ASSERT_TRUE(ok(remove_cgroup(service, false)));  // nobody is left in it
  const auto found = list_containers(node.paths());
  ASSERT_TRUE(ok(found));
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().state, ContainerState::running);
  const auto before = tail_log(node.paths(), "orphan", "main", 1);
  ASSERT_TRUE(ok(before));
  EXPECT_TRUE(eventually([&] {
    const auto more = read_log(node.paths(), "orphan", "main", before->next);
    return more && more->lines.size() >= 3;
  }));
  ASSERT_TRUE(ok(kill_container(node.paths(), "orphan", "main", SIGKILL)));
  ASSERT_TRUE(eventually([&] { return is_stopped(node.paths(), "orphan", "main"); }));
  EXPECT_EQ(container_status(node.paths(), "orphan", "main")->exit_code, 137);
}

TEST(Image, InOneFileRunsLikeItsLayout) {
  const TestNode node;
  const std::filesystem::path& images = node.paths().images_dir;
  ProcessSpec pack;
  pack.argv = {"python3", "-c",
               "import sys, tarfile; t = tarfile.open(sys.argv[1], 'w'); t.add(sys.argv[2], '.'); t.close()",
               (images / "busybox.tar").string(), (images / "busybox").string()};
  ASSERT_TRUE(ok(run_checked(pack)));
  Container container = busybox("main", "exit 7");
  container.image = "oci-archive:busybox.tar:latest";
  ASSERT_TRUE(ok(create_pod(node.paths(), make_pod("packed", {container}))));
  ASSERT_TRUE(ok(start_container(node.paths(), "packed", "main")));
  ASSERT_TRUE(eventually([&] { return is_stopped(node.paths(), "packed", "main"); }));
  EXPECT_EQ(container_status(node.paths(), "packed", "main")->exit_code, 7);
}

TEST(Image, ConcurrentCallsUnpackALayerOnce) {
  const TestNode node;
  std::vector<std::thread> callers;
  std::vector<Result<Image>> images(4, fail(Code::io, "", ""));
  for (auto& image : images)
    callers.emplace_back([&] { image = prepare_image(node.paths(), "oci:busybox"); });
  for (std::thread& caller : callers) caller.join();
  for (const auto& image : images) {
    ASSERT_TRUE(ok(image));
    EXPECT_EQ(image->config, images[0]->config);
  }
  EXPECT_TRUE(
      std::filesystem::exists(node.paths().layers() / images[0]->config.diff_ids[0].hex / "bin/busybox"));
}

TEST(Rootfs, IsAdoptedWhenMounted) {
  const TestNode node;
  const auto image = prepare_image(node.paths(), "oci:busybox");
  ASSERT_TRUE(ok(image));
  const auto rootfs = node.paths().rootfs("adopt", "main");
  ASSERT_TRUE(ok(mount_rootfs(node.paths(), "adopt", "main", image->config.diff_ids)));
  ASSERT_TRUE(ok(write_file_atomic(rootfs / "mark", "x")));
  ASSERT_TRUE(ok(mount_rootfs(node.paths(), "adopt", "main", image->config.diff_ids)));
  EXPECT_TRUE(std::filesystem::exists(rootfs / "mark"));
  ASSERT_TRUE(ok(unmount_rootfs(node.paths(), "adopt", "main")));
  ASSERT_TRUE(ok(unmount_rootfs(node.paths(), "adopt", "main")));
  EXPECT_FALSE(std::filesystem::exists(rootfs / "bin"));
}

}  // namespace
}  // namespace fairlead::runtime
