// SPDX-License-Identifier: Apache-2.0
// Program: one that runs in a Space until this object goes. It is killed with its group, and it dies with us,
// too, when we are killed.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/measure/nets/space.h"

namespace fairlead::measure {

class Program {
 public:
  Program(const Space& space, std::vector<std::string> argv);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool running() const;
  // Why it is not what it should be: how it ended, and the end of what it said.
  Error error(const std::string& what) const;

 private:
  void run(const Space& space, const std::stop_token& stop);

  std::vector<std::string> argv_;
  mutable std::mutex mutex_;  // of what stands below
  std::string said_;
  bool over_ = false;
  std::jthread thread_;
};

// To every process of that space: they are its Programs.
void signal_all(const Space& space, int signal);

// In PATH, or beside this program; else an Error with the Debian package to install.
Result<std::string> find_program(const std::string& name, const std::string& package);

}  // namespace fairlead::measure
