// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/container/runc.h"

#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "base/io/clock.h"
#include "base/io/fd.h"
#include "base/io/file.h"
#include "base/io/process.h"
#include "orchestrator/runtime/container/container.h"

// glibc 2.36 declares these without extern "C".
extern "C" {
#include <sys/pidfd.h>
}

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

constexpr Millis kCommandTimeout{20'000};
constexpr Millis kCreateTimeout{30'000};
constexpr Millis kConmonLast{2'000};
constexpr std::size_t kMaxList = 16U << 20;
constexpr std::size_t kMaxReport = 16U << 10;
constexpr std::string_view kMaxLog = "16777216";  // bytes, then conmon begins a new file

ProcessSpec runc_command(const NodePaths& paths, std::initializer_list<std::string> args) {
  ProcessSpec spec;
  spec.argv = {paths.runc, "--root", paths.runc_root.string()};
  spec.argv.insert(spec.argv.end(), args);
  spec.timeout = kCommandTimeout;
  spec.max_output = kMaxList;
  return spec;
}

Result<> call_runc(const NodePaths& paths, const std::string& id, std::initializer_list<std::string> args) {
  const Result<ProcessResult> result = run_checked(runc_command(paths, args));
  if (!result) return std::unexpected(Error(result.error()).within("container " + id));
  return {};
}

Result<RuncState> parse_state(const boost::json::value& value) {
  const auto* object = value.if_object();
  const auto* id = object != nullptr ? object->if_contains("id") : nullptr;
  const auto* status = object != nullptr ? object->if_contains("status") : nullptr;
  const auto* pid = object != nullptr ? object->if_contains("pid") : nullptr;
  if (id == nullptr || status == nullptr || !id->is_string() || !status->is_string())
    return fail(Code::corrupt, "runc", "its answer has no id or status");
  RuncState state{std::string(id->as_string()), RuncStatus::stopped, 0};
  if (status->as_string() == "created") state.status = RuncStatus::created;
  // paused, too: somebody froze it; it is not over.
  if (status->as_string() == "running" || status->as_string() == "paused") state.status = RuncStatus::running;
  if (pid != nullptr && pid->is_int64()) state.pid = static_cast<int>(pid->as_int64());
  return state;
}

Result<boost::json::value> parse_answer(const std::string& text) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) return fail(Code::corrupt, "runc", "its answer is not JSON: " + error.message());
  return value;
}

// runc logs `time="..." level=error msg="what a person wants"`.
std::string runc_words(std::string words) {
  constexpr std::string_view kMessage = "msg=\"";
  if (const std::size_t at = words.rfind(kMessage); at != std::string::npos) {
    words.erase(0, at + kMessage.size());
    words.resize(std::min(words.size(), words.rfind('"')));
  }
  while (!words.empty() && (words.back() == '\n' || words.back() == '.')) words.pop_back();
  std::erase(words, '\\');
  return words;
}

// One line that conmon writes to its sync pipe: {"data":PID} or {"data":-1,"message":"..."}.
Result<> judge_report(const std::string& id, const std::string& report) {
  const std::string object = "container " + id;
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(report, error);
  const auto* fields = error ? nullptr : value.if_object();
  if (fields == nullptr)
    return fail(Code::io, object, "conmon ended without a word", "see that conmon and runc are installed");
  for (const std::string_view key : {"data", "pid"})
    if (const auto* pid = fields->if_contains(key); pid != nullptr && pid->is_int64() && pid->as_int64() > 0)
      return {};
  const auto* message = fields->if_contains("message");
  std::string words = message != nullptr && message->is_string() ? std::string(message->as_string()) : report;
  return fail(Code::io, object, "runc create: " + runc_words(words));
}

Result<std::string> read_report(const Fd& pipe, const std::string& id) {
  const MonoTime deadline = mono_now() + kCreateTimeout;
  std::string report;
  char chunk[4096];
  while (!report.contains('\n') && report.size() < kMaxReport) {
    pollfd polled{pipe.get(), POLLIN, 0};
    const auto left = std::max<std::int64_t>(0, (deadline - mono_now()).count());
    const int ready = ::poll(&polled, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(Code::timeout, "container " + id, "was not created within 30s");
    const ssize_t n = ::read(pipe.get(), chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    report.append(chunk, static_cast<std::size_t>(n));
  }
  return report;
}

Result<> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return std::unexpected(os_error(errno, path.string()));
}

ProcessSpec conmon_command(const NodePaths& paths, const std::string& id, const fs::path& bundle,
                           int report_fd) {
  ProcessSpec spec;
  spec.argv = {paths.conmon, "--api-version", "1", "-c", id, "-u", id, "-n", id, "-r", paths.runc,
               "--runtime-arg", "--root=" + paths.runc_root.string(), "-b", bundle.string(), "-p",
               (bundle / "pid").string(), "-P", (bundle / "conmon.pid").string(), "--exit-dir",
               paths.exits().string(),
               // Without it conmon 2.1.6 ends with 0 and there is no container.
               "--socket-dir-path", paths.attach().string(), "-l", "k8s-file:" + (bundle / "log").string(),
               "--log-size-max", std::string(kMaxLog)};
  spec.cwd = bundle.string();  // conmon leaves its "oom" mark there
  spec.env = {"_OCI_SYNCPIPE=" + std::to_string(report_fd)};
  spec.keep = {report_fd};
  spec.timeout = kCreateTimeout;
  return spec;
}

constexpr int kGatePatienceMs = 10'000;

// In a child of a program with threads: system calls only. Above all it does not hold its parent's locks.
[[noreturn]] void let_through(const char* gate, int pid) {
  ::setpgid(0, 0);
  ::close_range(0, ~0U, 0);
  const int first = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));  // readable: it has ended
  const int pipe = ::open(gate, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (first < 0 || pipe < 0) ::_exit(1);
  pollfd polled[] = {{pipe, POLLIN, 0}, {first, POLLIN, 0}};
  ::poll(polled, 2, kGatePatienceMs);
  char byte = 0;
  const bool through = ::read(pipe, &byte, 1) == 1 && ::unlink(gate) == 0;
  ::_exit(through ? 0 : 1);
}

}  // namespace

int first_process(const fs::path& bundle) {
  const Result<std::string> text = read_file(bundle / "pid", 64);
  int pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  return pid;
}

Result<std::optional<RuncState>> runc_state(const NodePaths& paths, const std::string& id) {
  // runc says "does not exist" in words only; its folder says it without a process.
  if (!fs::exists(paths.runc_root / id)) return std::nullopt;
  FL_TRY(const ProcessResult result, run(runc_command(paths, {"state", id})));
  if (!result.ok() && result.err.contains("does not exist")) return std::nullopt;
  if (!result.ok()) return fail(Code::io, "container " + id, "runc state: " + result.err);
  FL_TRY(const boost::json::value value, parse_answer(result.out));
  FL_TRY(RuncState state, parse_state(value));
  return state;
}

Result<std::vector<RuncState>> runc_list(const NodePaths& paths) {
  FL_TRY(const ProcessResult result, run_checked(runc_command(paths, {"list", "--format", "json"})));
  FL_TRY(const boost::json::value value, parse_answer(result.out));
  std::vector<RuncState> states;
  if (!value.is_array()) return states;  // runc prints null when there is none
  for (const boost::json::value& entry : value.as_array()) {
    FL_TRY(RuncState state, parse_state(entry));
    states.push_back(std::move(state));
  }
  return states;
}

// A child does it: between the byte and the removal, the container runs and is called `created`, which
// whoever comes after a killed agent must not see.
bool open_gate(const NodePaths& paths, const std::string& id, const fs::path& bundle) {
  const std::string gate = paths.runc_root / id / "exec.fifo";
  std::error_code none;
  const int pid = first_process(bundle);
  if (pid <= 1 || !fs::is_fifo(gate, none)) return false;
  const pid_t child = ::fork();
  if (child == 0) let_through(gate.c_str(), pid);
  int status = 0;
  pid_t ended = child;
  while (child > 0 && (ended = ::waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  return ended > 0 && status == 0;
}

Result<> runc_start(const NodePaths& paths, const std::string& id) {
  return call_runc(paths, id, {"start", id});
}

Result<> runc_kill(const NodePaths& paths, const std::string& id, int signal) {
  return call_runc(paths, id, {"kill", id, std::to_string(signal)});
}

Result<> runc_delete(const NodePaths& paths, const std::string& id) {
  return call_runc(paths, id, {"delete", "--force", id});
}

Result<> conmon_create(const NodePaths& paths, const std::string& id, const fs::path& bundle,
                       const std::string& cgroup) {
  for (const char* old : {"pid", "conmon.pid", "oom"}) FL_TRY_OK(remove_file(bundle / old));
  FL_TRY_OK(remove_file(paths.exits() / id));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(os_error(errno, "pipe"));
  const Fd report(ends[0]);
  Fd theirs(ends[1]);
  ProcessSpec conmon = conmon_command(paths, id, bundle, theirs.get());
  conmon.cgroup = cgroup;
  FL_TRY_OK(run_checked(conmon));
  theirs.reset();
  FL_TRY(const std::string line, read_report(report, id));
  return judge_report(id, line);
}

Result<> conmon_wait(const std::string& id, const fs::path& bundle) {
  const Result<std::string> text = read_file(bundle / "conmon.pid", 64);
  if (!text) return {};
  int pid = 0;
  std::from_chars(text->data(), text->data() + text->size(), pid);
  if (pid <= 1) return {};
  const Fd process(::pidfd_open(pid, 0));
  // The number may have gone to another process since.
  const Result<std::string> line = read_file("/proc/" + std::to_string(pid) + "/cmdline", 64U << 10);
  if (!process || !line || !line->contains(std::string("-c\0", 3) + id + '\0')) return {};
  pollfd polled{process.get(), POLLIN, 0};
  while (::poll(&polled, 1, static_cast<int>(kConmonLast.count())) < 0 && errno == EINTR) {
  }
  if (polled.revents == 0) ::pidfd_send_signal(process.get(), SIGKILL, nullptr, 0);
  return {};
}

}  // namespace fairlead::runtime
