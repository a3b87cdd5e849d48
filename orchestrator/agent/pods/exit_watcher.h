// SPDX-License-Identifier: Apache-2.0
// Tells when a container has ended: conmon writes its exit code to a file
// exits/<uid>.<container>, inotify says so. A file is not believed while the
// process lives, nor one without a number. Nothing is lost between arming and
// the file, nor when inotify's queue overflows: the folder is then read anew.
// Lives on one loop's thread; each armed container is reported at most once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "orchestrator/agent/step.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::agent {

// Where a container's end leaves traces.
struct Traces {
  std::filesystem::path bundle;  // conmon's notes: the pid, and whether it saw memory run out
  std::string cgroup;            // counts what the kernel killed; there until the container is removed
};
Traces traces(const runtime::NodePaths& paths, const PodUid& uid, const std::string& container);
bool ran_out_of_memory(const Traces& traces);

class ExitWatcher {
 public:
  using OnExit = std::function<void(const Exited&)>;

  static Result<std::unique_ptr<ExitWatcher>> open(boost::asio::io_context& loop, std::filesystem::path exits,
                                                   OnExit on_exit);

  // `file` is the name below exits/; `exited` is reported with the code found in
  // it.
  void arm(const std::string& file, Exited exited, Traces traces);
  void disarm(const std::string& file);

  // Ends what can no longer say so itself: the process is gone, and nobody has
  // written its code by the second look (its conmon was killed).
  void look_for_lost();

 private:
  struct Armed {
    Exited exited;
    Traces traces;
    bool missing = false;  // its process was, at the last look
  };

  ExitWatcher(boost::asio::io_context& loop, std::filesystem::path exits, OnExit on_exit, int inotify);
  void listen();
  void read_events();
  void look_at(const std::string& file);
  void report(const std::string& file, std::optional<std::int32_t> code, bool out_of_memory,
              std::string note);

  std::filesystem::path exits_;
  OnExit on_exit_;
  boost::asio::posix::stream_descriptor inotify_;
  std::map<std::string, Armed> armed_;
};

// The text conmon writes: a decimal number. Anything else is no code.
std::optional<std::int32_t> parse_exit_code(std::string_view text);
// Of a container that has ended, and whose file has no code.
std::string why_unknown(const std::filesystem::path& exit_file);

}  // namespace fairlead::agent
