// SPDX-License-Identifier: Apache-2.0
#include "bench/support/cluster.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

#include "base/io/file.h"

namespace fairlead::bench {
namespace {

namespace fs = std::filesystem;
constexpr auto kPatience = std::chrono::seconds(60);

fs::path build_folder() {
  const char* folder = std::getenv("FL_BUILD_DIR");
  if (folder == nullptr) throw std::runtime_error("FL_BUILD_DIR is not set: run it by ./dev bench");
  return folder;
}

}  // namespace

fs::path Cluster::program(const std::string& name) { return build_folder() / "bin" / name; }
fs::path Cluster::images() { return build_folder() / "images"; }

Cluster::Cluster(const std::string& tag) : lab_(tag), id_("b" + std::to_string(::getpid() % 99999)) {
  if (!fs::exists("/sys/fs/bpf/.") || ::access("/sys/fs/bpf", W_OK) != 0)
    throw std::runtime_error("/sys/fs/bpf: mount it: mount -t bpf bpf /sys/fs/bpf");
  lab_.underlay(1);
  lab_.add("ctl");
  lab_.veth("sw", "ctl0", "ctl", "eth0");
  lab_.sh("sw", "ip link set ctl0 master br0 up");
  lab_.sh("ctl", "ip addr add 192.168.77.254/24 dev eth0; ip addr add fd77::fe/64 dev eth0 nodad");
  lab_.sh("n1", "ip route replace default via 192.168.77.254; ip -6 route replace default via fd77::fe");
  std::ofstream(lab_.scratch() / "token") << "a-token-of-a-benchmark-and-of-nothing-else";
  fs::permissions(lab_.scratch() / "token", fs::perms::owner_read | fs::perms::owner_write);
  start_control();
  start_agent();
}

Cluster::~Cluster() {
  if (agent_ != nullptr) {
    agent_->stop();
    test::Argv teardown = agent_argv();
    teardown.push_back("--teardown");
    lab_.run("n1", teardown, kPatience);
  }
  if (control_ != nullptr) control_->stop();
}

void Cluster::start_control() {
  control_ =
      &lab_.start("ctl", {program("fairlead-control"), "--state-dir", lab_.scratch() / "control", "--socket",
                          lab_.scratch() / "control.sock", "--listen", "192.168.77.254:7400", "--token-file",
                          lab_.scratch() / "token", "--insecure-plaintext", "--cluster", id_});
  if (!test::eventually([&] { return lab_.run("ctl", cli_argv({"get", "nodes"})).ok(); }, kPatience))
    throw std::runtime_error("fairlead-control does not answer");
}

test::Argv Cluster::agent_argv() const {
  const fs::path node = lab_.scratch() / "n1";
  return {program("fairlead-agent"),
          "--name",
          "n1",
          "--address",
          "192.168.77.1",
          "--join",
          "192.168.77.254:7400",
          "--token-file",
          lab_.scratch() / "token",
          "--state-dir",
          node / "state",
          "--run-dir",
          node / "run",
          "--images-dir",
          images(),
          "--uplink",
          "eth0",
          "--cluster",
          id_,
          "--insecure-plaintext"};
}

void Cluster::start_agent() {
  fs::create_directories(lab_.scratch() / "n1" / "state");
  fs::create_directories(lab_.scratch() / "n1" / "run");
  test::Argv argv = agent_argv();
  argv.insert(argv.end(), {"--log-level", "debug"});
  agent_ = &lab_.start("n1", argv, {"TZ=UTC"});
  if (!test::eventually([&] { return cli({"get", "nodes"}).find(" ready ") != std::string::npos; },
                        kPatience))
    throw std::runtime_error("the node does not become ready: " + read_file(agent_log()).value_or(""));
}

test::Argv Cluster::cli_argv(const test::Argv& args) const {
  test::Argv argv{program("fairlead"), "--socket", lab_.scratch() / "control.sock"};
  argv.insert(argv.end(), args.begin(), args.end());
  return argv;
}

std::string Cluster::cli(const test::Argv& args) const {
  test::Finished done = lab_.run("ctl", cli_argv(args), kPatience);
  if (!done.ok()) throw std::runtime_error("fairlead " + args.at(0) + ": " + done.output);
  return std::move(done.output);
}

fs::path Cluster::spec(const std::string& name, const std::string& text) const {
  const fs::path file = lab_.scratch() / (name + ".yaml");
  std::ofstream(file) << text;
  return file;
}

void Cluster::wait_for_no_pods() const {
  if (!test::eventually([&] { return fs::is_empty(pods_folder()); }, kPatience))
    throw std::runtime_error("pods do not go");
}

// NetLab numbers the logs of what it started.
fs::path Cluster::agent_log() const { return lab_.scratch() / "1-fairlead-agent.log"; }

}  // namespace fairlead::bench
