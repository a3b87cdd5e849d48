// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/container/exec.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <thread>
#include <unistd.h>

#include "base/io/file.h"

namespace fairlead::runtime {
namespace {

std::atomic<std::uint64_t> g_serial{0};  // tells concurrent execs of this process apart

std::string pid_file(const NodePaths& paths, const std::string& id) {
  return (paths.run_dir /
          ("exec-" + id + "-" + std::to_string(::getpid()) + "-" + std::to_string(++g_serial)))
      .string();
}

// runc does not pass a kill on to the program: its pid stands in the file,
// which runc writes only after the program has begun.
void kill_program(const std::string& file) {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause{10};
  for (int i = 0; i < kTries; ++i, std::this_thread::sleep_for(kPause)) {
    const Result<std::string> text = read_file(file, 64);
    int pid = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
    if (pid <= 1) continue;
    ::kill(pid, SIGKILL);
    return;
  }
}

}  // namespace

Result<int> exec_in_container(const NodePaths& paths, std::string_view uid, std::string_view container,
                              const ExecSpec& spec, const OnOutput& on_output, std::stop_token stop) {
  FL_TRY_OK(check_name("pod uid", uid));
  FL_TRY_OK(check_name("container", container));
  if (spec.argv.empty()) return fail(Code::invalid, "exec", "has no program to run", "name one");
  const std::string id = container_id(uid, container);
  const std::string file = pid_file(paths, id);
  ProcessSpec process;
  process.argv = {paths.runc, "--root", paths.runc_root.string(), "exec", "--pid-file", file, id};
  process.argv.insert(process.argv.end(), spec.argv.begin(), spec.argv.end());
  process.input_fd = spec.input_fd;
  process.timeout = spec.timeout;
  Result<int> code = run_streaming(process, on_output, std::move(stop), [&] { kill_program(file); });
  ::unlink(file.c_str());
  return code;
}

}  // namespace fairlead::runtime
