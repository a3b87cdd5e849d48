// SPDX-License-Identifier: Apache-2.0
// A cluster for a benchmark: the built fairlead-control and one fairlead-agent, in
// namespaces of a NetLab, with state in its scratch folder; gone with everything
// that it made when this object ends.
//
//     n1 (agent, pods) ---- sw ---- ctl (control, 192.168.77.254)
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/netlab.h"

namespace fairlead::bench {

class Cluster {
 public:
  explicit Cluster(const std::string& tag);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // fairlead ARGS...; throws unless it exits 0.
  std::string cli(const test::Argv& args) const;
  test::Argv cli_argv(const test::Argv& args) const;
  // Writes a spec into the scratch folder.
  std::filesystem::path spec(const std::string& name, const std::string& text) const;
  // Until the node has nothing of any pod.
  void wait_for_no_pods() const;

  test::NetLab& lab() { return lab_; }
  const std::string& id() const { return id_; }
  pid_t control_pid() const { return control_->pid(); }
  pid_t agent_pid() const { return agent_->pid(); }
  std::filesystem::path agent_log() const;
  std::filesystem::path pods_folder() const { return lab_.scratch() / "n1" / "state" / "pods"; }
  static std::filesystem::path program(const std::string& name);
  static std::filesystem::path images();

 private:
  void start_control();
  void start_agent();
  test::Argv agent_argv() const;

  test::NetLab lab_;
  std::string id_;
  test::Process* control_ = nullptr;
  test::Process* agent_ = nullptr;
};

}  // namespace fairlead::bench
