// SPDX-License-Identifier: Apache-2.0
// The images as a pod would see them: unpacked into a folder, run by chroot.
//
//     web (10.9.0.1, fd09::1) eth0 ---- eth0 client (10.9.0.2, fd09::2)
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <optional>
#include <signal.h>

#include "tests/support/netlab.h"

namespace fairlead::test {
namespace {

namespace fs = std::filesystem;

fs::path build() { return std::getenv("FL_BUILD_DIR"); }
fs::path source() { return std::getenv("FL_SOURCE_DIR"); }

class Images : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    lab_.emplace("images");
    lab_->add("web");
    lab_->add("client");
    lab_->veth("web", "eth0", "client", "eth0");
    lab_->sh("web", "ip addr add 10.9.0.1/24 dev eth0; ip addr add fd09::1/64 dev eth0 nodad");
    lab_->sh("client", "ip addr add 10.9.0.2/24 dev eth0; ip addr add fd09::2/64 dev eth0 nodad");
    root_ = lab_->scratch() / "root";
    unpack();
  }

  void TearDown() override { lab_.reset(); }

  // All layers of hello, in the manifest's order, as the agent would stack them.
  void unpack() {
    lab_->sh("client",
             "mkdir " + root_.string() + " && cd " + (build() / "images/hello").string() +
                 " && python3 -c 'import json; b = \"blobs/sha256/\"; d = lambda x: b + x[\"digest\"][7:];"
                 " m = json.load(open(d(json.load(open(\"index.json\"))[\"manifests\"][0])));"
                 " print(*[d(l) for l in m[\"layers\"]], sep=\"\\n\")' |"
                 " while read -r layer; do tar -xzf $layer -C " +
                 root_.string() + " || exit 1; done");
    std::ofstream(root_ / "etc/hosts") << "10.9.0.1 web\nfd09::1 web6\n";
  }

  Argv in_root(Argv argv) const {
    argv.insert(argv.begin(), {"chroot", root_.string()});
    return argv;
  }

  Process& serve() {
    Process& server =
        lab_->start("web", in_root({"/bin/fl-serve"}), {"FAIRLEAD_POD=web-0", "FAIRLEAD_NODE=n1"});
    EXPECT_TRUE(eventually([&] {
      return load({"http://10.9.0.1:8080/healthz", "1"}).output.find("not fl-serve") != std::string::npos;
    }));
    return server;
  }

  Finished load(Argv arguments) const {
    arguments.insert(arguments.begin(), "/bin/loadgen");
    return lab_->run("client", in_root(std::move(arguments)));
  }

  std::optional<NetLab> lab_;
  fs::path root_;
};

TEST_F(Images, AnswersOverBothFamiliesByNameWithItsOwnAddress) {
  serve();
  const Finished four = load({"http://web:8080", "20"});
  EXPECT_EQ(four.exit_code, 0) << four.output;
  EXPECT_NE(four.output.find("web-0  n1    20       100.0%"), std::string::npos) << four.output;
  EXPECT_EQ(load({"http://web6:8080", "20", "--keep-alive"}).exit_code, 0);
  const Finished page = lab_->run("client", in_root({"wget", "-qO-", "http://[fd09::1]:8080/"}));
  EXPECT_EQ(page.output, "pod=web-0 node=n1 address=fd09::1\n");
}

TEST_F(Images, EchoesLinesAndDatagrams) {
  serve();
  const std::string who = "pod=web-0 node=n1 address=10.9.0.1";
  EXPECT_EQ(
      lab_->sh("client", "(echo hello; sleep 0.3) | " + root_.string() + "/bin/busybox nc 10.9.0.1 9000"),
      who + " hello\n");
  const std::string ask =
      "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5);"
      "s.connect(('10.9.0.1', 9000)); s.send(b'x'); print(s.recv(999).decode(), end='')";
  EXPECT_EQ(lab_->sh("client", "python3 -c \"" + ask + "\""), who + "\n");
}

TEST_F(Images, TermFinishesTheOpenRequestAndEndsWithZero) {
  Process& server = serve();
  const fs::path answer = lab_->scratch() / "answer";
  Process& client = lab_->start(
      "client", {"python3", "-c",
                 "import socket, sys\n"
                 "s = socket.create_connection(('10.9.0.1', 8080)); s.send(b'GET / HTTP/1.1\\r\\n')\n"
                 "open(sys.argv[1] + '.half', 'w')\n"
                 "import os, time\n"
                 "while not os.path.exists(sys.argv[1] + '.go'): time.sleep(0.01)\n"
                 "s.send(b'\\r\\n'); s.settimeout(5)\n"
                 "open(sys.argv[1], 'wb').write(b''.join(iter(lambda: s.recv(999), b'')))\n",
                 answer.string()});
  ASSERT_TRUE(eventually([&] { return fs::exists(answer.string() + ".half"); }));
  server.signal(SIGTERM);
  ASSERT_TRUE(
      eventually([&] { return load({"http://web:8080", "1"}).exit_code == 1; }));  // closed to new ones
  EXPECT_TRUE(server.running());
  std::ofstream(answer.string() + ".go");
  EXPECT_EQ(client.wait(), 0);
  EXPECT_EQ(server.wait(), 0);
  std::ifstream file(answer);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(text.find("pod=web-0 node=n1"), std::string::npos) << text;
  EXPECT_NE(text.find("Connection: close"), std::string::npos) << text;
}

TEST_F(Images, LoadgenCountsFailuresByReasonAndFails) {
  const Finished refused = load({"http://web:8080", "3"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.output.find("FAILED 3  Connection refused"), std::string::npos) << refused.output;
  EXPECT_NE(refused.output.find("0 answered, 3 failed"), std::string::npos) << refused.output;
  const Finished nowhere = load({"http://10.9.0.77:8080", "1", "--timeout", "50"});
  EXPECT_NE(nowhere.output.find("FAILED 1  timeout: connect"), std::string::npos) << nowhere.output;
  EXPECT_EQ(load({"http://web:8080"}).exit_code, 2);
}

TEST_F(Images, EveryBlobHasItsDigestAndTheLayoutIsTheSameWhenMadeAgain) {
  const std::string again = (lab_->scratch() / "again").string();
  lab_->sh("client", "python3 -B " + (source() / "deploy/images/layout.py").string() + " " + again +
                         " --busybox $(command -v busybox) --command /bin/sh");
  lab_->sh("client", "diff -r " + again + " " + (build() / "images/busybox").string());
  lab_->sh("client",
           "cd " + (build() / "images").string() +
               "; for f in */blobs/sha256/*; do echo \"${f##*/}  $f\"; done | sha256sum -c --quiet");
}

}  // namespace
}  // namespace fairlead::test
