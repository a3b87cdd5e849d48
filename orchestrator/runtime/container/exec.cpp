// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/container/exec.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <thread>
#include <unistd.h>

#include "base/io/file.h"
#include "orchestrator/runtime/cgroup.h"

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

Result<> enter_group(ProcessSpec& process, const std::string& cgroup, const std::string& group) {
  FL_TRY_OK(empty_subgroup(cgroup, group));
  FL_TRY(std::string name, make_subgroup(cgroup, group));
  const auto after_exec = std::ranges::find(process.argv, "exec") + 1;
  process.argv.insert(after_exec, {"--cgroup", std::move(name)});
  return {};
}

const std::string kPerson = "exec-";

constexpr int kRuncFailed = 255;
constexpr int kCannotRun = 126;  // as shells have it: there, but not to be run
constexpr int kNotFound = 127;

// runc's own complaint comes on the program's stderr. Text that may be it is
// held back until it is known whether the program ever began.
class Complaint {
 public:
  // True when the text is kept here.
  bool take(Stream stream, std::string_view bytes) {
    constexpr std::string_view kBegin = "exec failed: ";
    if (stream == Stream::out || (text_.empty() && !bytes.starts_with(kBegin))) return false;
    text_ += bytes;
    return true;
  }
  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }

  // "exec: "nope": executable file not found in $PATH"
  std::string reason() const {
    std::string_view reason = text_;
    if (const auto at = reason.find("container process: "); at != std::string_view::npos)
      reason.remove_prefix(at + std::string_view("container process: ").size());
    return std::string(reason.substr(0, std::min(reason.find(": unknown"), reason.find('\n')))) + "\n";
  }
  int code() const {
    const auto says = [this](const char* words) { return text_.find(words) != std::string::npos; };
    return says("executable file not found") || says("no such file or directory") ? kNotFound : kCannotRun;
  }

 private:
  std::string text_;
};

}  // namespace

Result<int> exec_in_container(const NodePaths& paths, std::string_view uid, std::string_view container,
                              const ExecSpec& spec, const OnOutput& on_output, std::stop_token stop) {
  FL_TRY_OK(check_name("pod uid", uid));
  FL_TRY_OK(check_name("container", container));
  if (spec.argv.empty()) return fail(Code::invalid, "exec", "has no program to run", "name one");
  const std::string id = container_id(uid, container);
  const std::string file = pid_file(paths, id);
  ProcessSpec process;
  process.argv = {paths.runc, "--root", paths.runc_root.string(), "--log", "/dev/null", "exec", "--pid-file",
                  file,       id};
  process.argv.insert(process.argv.end(), spec.argv.begin(), spec.argv.end());
  process.input_fd = spec.input_fd;
  process.timeout = spec.timeout;
  Complaint complaint;
  const OnOutput sift = [&](Stream stream, std::string_view bytes) {
    if (!complaint.take(stream, bytes)) on_output(stream, bytes);
  };
  const std::string cgroup = paths.cgroup(uid, container);
  if (!spec.group.empty()) FL_TRY_OK(enter_group(process, cgroup, spec.group));
  // In a group the program needs no pid: runc puts it there before it becomes the program.
  Result<int> code = run_streaming(process, sift, std::move(stop), [&] {
    if (spec.group.empty()) kill_program(file);
  });
  if (!spec.group.empty()) FL_TRY_OK(empty_subgroup(cgroup, spec.group));
  const bool began = ::unlink(file.c_str()) == 0;
  if (complaint.empty()) return code;
  const bool refused = !began && code && *code == kRuncFailed;
  on_output(Stream::err, refused ? complaint.reason() : complaint.text());
  return refused ? Result<int>(complaint.code()) : code;
}

Result<int> exec_for_person(const NodePaths& paths, std::string_view uid, std::string_view container,
                            std::uint64_t stream, ExecSpec spec, const OnOutput& on_output,
                            std::stop_token stop) {
  spec.group = kPerson + std::to_string(stream);
  const Result<int> code = exec_in_container(paths, uid, container, spec, on_output, std::move(stop));
  // What does not go now is swept by the next agent, or goes with its container.
  (void)remove_subgroup(paths.cgroup(uid, container), spec.group).has_value();
  return code;
}

void end_left_execs(const NodePaths& paths, std::string_view uid, std::string_view container) {
  const std::string cgroup = paths.cgroup(uid, container);
  for (const std::string& group : list_subgroups(cgroup))
    if (group.starts_with(kPerson)) (void)remove_subgroup(cgroup, group).has_value();
}

}  // namespace fairlead::runtime
