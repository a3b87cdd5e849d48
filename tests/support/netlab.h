// SPDX-License-Identifier: Apache-2.0
// NetLab: a topology of network namespaces for one test, gone when the test is.
//
//     NetLab lab("vip");                      // needs root; see missing() for GTEST_SKIP
//     lab.underlay(3);                        // sw: bridge br0; n1..n3: eth0 192.168.77.K/24, fd77::K/64
//     lab.add("pod");  lab.veth("n1", "v1", "pod", "eth0");
//     lab.sh("pod", "ip addr add 10.1.0.2/32 dev eth0");
//     EXPECT_TRUE(lab.run("n1", {"ping", "-c1", "-W1", "192.168.77.2"}).ok());
//
//         n1 ---eth0--.         .--eth0--- n2
//                      sw (br0)
//         n3 ---eth0--'
//
// Spaces are named flt-TAG-PID-SPACE below /run/netns, so tests do not meet.
// The destructor kills what was started, removes the namespaces and the scratch
// folder; a new NetLab first removes what a killed test left behind. Anything
// that the machine refuses throws std::runtime_error with the command's output.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/scratch.h"

namespace fairlead::test {

class NetLab {
 public:
  explicit NetLab(std::string tag);
  ~NetLab();
  NetLab(const NetLab&) = delete;
  NetLab& operator=(const NetLab&) = delete;

  // Why this machine cannot run netns tests, or nothing.
  static std::optional<std::string> missing();

  void add(const std::string& space);  // lo up, ip_forward and rp_filter 0, no duplicate address detection
  void veth(const std::string& a, const std::string& link_a, const std::string& b, const std::string& link_b);
  void underlay(int nodes, int mtu = 1500);  // spaces sw and n1..nN as drawn above

  std::filesystem::path path(const std::string& space) const;  // /run/netns/...
  std::filesystem::path scratch() const { return scratch_.path(); }

  Finished run(const std::string& space, Argv argv,
               std::chrono::milliseconds limit = std::chrono::seconds(20)) const;
  std::string sh(const std::string& space, const std::string& command) const;  // throws unless it exits 0
  // Starts and keeps a process; its output goes to scratch()/<number>-<argv0>.log.
  Process& start(const std::string& space, Argv argv, std::vector<std::string> env = {});
  // Calls `body` on a thread inside the space: sockets and ifindexes are the space's. Rethrows.
  void inside(const std::string& space, const std::function<void()>& body) const;

 private:
  std::string prefix_;
  std::vector<std::string> spaces_;
  Scratch scratch_{Scratch::Place::disk};
  std::list<Process> processes_;
};

}  // namespace fairlead::test
