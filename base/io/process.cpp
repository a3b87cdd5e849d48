// SPDX-License-Identifier: Apache-2.0
#include "base/io/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/sched.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io/clock.h"

// glibc 2.36 declares these without extern "C".
extern "C" {
#include <sys/pidfd.h>
}

namespace fairlead {
namespace {

constexpr int kKilledExit = 128;
constexpr int kFirstOther = 3;  // descriptors from here on are closed in the program

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(os_error(errno, "pipe"));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<std::string> find_program(const std::string& name) {
  if (name.contains('/')) return name;
  const char* path = std::getenv("PATH");
  std::string_view rest =
      path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    const std::string folder(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (folder.empty()) continue;
    if (std::string full = folder + "/" + name; ::access(full.c_str(), X_OK) == 0) return full;
  }
  return fail(Code::not_found, name, "is not a program in PATH", "install it");
}

// Our environment with `extra` laid over it.
std::vector<std::string> make_environment(const std::vector<std::string>& extra) {
  std::vector<std::string> env;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view ours = *entry;
    const std::string_view key = ours.substr(0, ours.find('=') + 1);
    const bool replaced =
        std::ranges::any_of(extra, [&](const std::string& e) { return e.starts_with(key); });
    if (!replaced) env.emplace_back(ours);
  }
  env.insert(env.end(), extra.begin(), extra.end());
  return env;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

// What the new process does before it becomes the program. Everything is made
// before the fork: here only system calls are allowed (other threads may hold
// the allocator's lock).
struct Launch {
  const char* program;
  char** argv;
  char** env;
  const char* cwd;
  int in, out, err, report;
  const int* keep;
  std::size_t keep_count;

  [[noreturn]] void give_up() const {
    const int code = errno;
    [[maybe_unused]] const ssize_t n = ::write(report, &code, sizeof code);
    ::_exit(127);
  }

  [[noreturn]] void become_program() const {
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setpgid(0, 0);
    if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) give_up();
    ::close_range(kFirstOther, ~0U, CLOSE_RANGE_CLOEXEC);
    for (std::size_t i = 0; i < keep_count; ++i)
      if (::fcntl(keep[i], F_SETFD, 0) != 0) give_up();
    if (cwd != nullptr && ::chdir(cwd) != 0) give_up();
    ::execve(program, argv, env);
    give_up();
  }
};

// fork(), and the child begins in that cgroup: moving it there later makes the
// kernel wait for a grace period (25 ms), and would be too late for a stop of ours.
pid_t fork_into(const Fd& cgroup) {
  if (!cgroup) return ::fork();
  clone_args args{};
  args.flags = CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<std::uint64_t>(cgroup.get());
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

class Child {
 public:
  static Result<Child> start(const ProcessSpec& spec);
  // Moves bytes until the program has ended; false: the deadline passed or a
  // stop was requested, and the program still runs.
  Result<bool> pump(const OnOutput& on_output, std::optional<MonoTime> deadline, int stop_fd);
  int wait();
  void kill_group() const { ::kill(-pid_, SIGKILL); }

 private:
  void feed();
  // False at the end of that stream.
  static bool drain(Fd& from, Stream stream, const OnOutput& on_output);

  pid_t pid_ = -1;
  Fd pid_fd_, in_, out_, err_;
  std::string_view input_;
};

Result<Child> Child::start(const ProcessSpec& spec) {
  FL_TRY(const std::string program, find_program(spec.argv.at(0)));
  FL_TRY(Pipe in, make_pipe());
  FL_TRY(Pipe out, make_pipe());
  FL_TRY(Pipe err, make_pipe());
  FL_TRY(Pipe report, make_pipe());
  std::vector<std::string> env = make_environment(spec.env), argv = spec.argv;
  std::vector<char*> env_pointers = pointers(env), argv_pointers = pointers(argv);
  const Launch launch{program.c_str(),
                      argv_pointers.data(),
                      env_pointers.data(),
                      spec.cwd.empty() ? nullptr : spec.cwd.c_str(),
                      spec.input_fd >= 0 ? spec.input_fd : in.read.get(),
                      out.write.get(),
                      err.write.get(),
                      report.write.get(),
                      spec.keep.data(),
                      spec.keep.size()};
  Fd cgroup;
  if (!spec.cgroup.empty()) {
    cgroup = Fd(::open(spec.cgroup.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
    if (!cgroup) return std::unexpected(os_error(errno, "cgroup " + spec.cgroup));
  }
  Child child;
  child.pid_ = fork_into(cgroup);
  if (child.pid_ < 0)
    return std::unexpected(os_error(errno, spec.argv[0], "the machine is out of processes"));
  if (child.pid_ == 0) launch.become_program();
  ::setpgid(child.pid_, child.pid_);
  report.write.reset();
  int code = 0;
  ssize_t got;
  while ((got = ::read(report.read.get(), &code, sizeof code)) < 0 && errno == EINTR) {
  }
  if (got == static_cast<ssize_t>(sizeof code)) {
    child.wait();
    return std::unexpected(os_error(code, spec.argv[0], "check that the program and its folder exist"));
  }
  child.pid_fd_ = Fd(::pidfd_open(child.pid_, 0));
  child.input_ = spec.input;
  if (spec.input_fd < 0 && !spec.input.empty()) child.in_ = std::move(in.write);
  child.out_ = std::move(out.read);
  child.err_ = std::move(err.read);
  for (const Fd* fd : {&child.in_, &child.out_, &child.err_})
    if (*fd) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  return child;
}

void Child::feed() {
  // A program that does not read its input ends our writing, not us.
  sigset_t pipe_only, before;
  ::sigemptyset(&pipe_only);
  ::sigaddset(&pipe_only, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  const ssize_t n = ::write(in_.get(), input_.data(), input_.size());
  const int code = n < 0 ? errno : 0;
  if (code == EPIPE) {
    const timespec now{};
    ::sigtimedwait(&pipe_only, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (n > 0) input_.remove_prefix(static_cast<std::size_t>(n));
  if (input_.empty() || (n < 0 && code != EAGAIN && code != EINTR)) in_.reset();
}

bool Child::drain(Fd& from, Stream stream, const OnOutput& on_output) {
  std::array<char, 65536> chunk;
  const ssize_t n = ::read(from.get(), chunk.data(), chunk.size());
  if (n > 0) on_output(stream, {chunk.data(), static_cast<std::size_t>(n)});
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) from.reset();
  return n > 0;
}

Result<bool> Child::pump(const OnOutput& on_output, std::optional<MonoTime> deadline, int stop_fd) {
  for (;;) {
    int wait_ms = -1;
    if (deadline) wait_ms = static_cast<int>(std::max<std::int64_t>(0, (*deadline - mono_now()).count()));
    pollfd polled[] = {{pid_fd_.get(), POLLIN, 0},
                       {out_.get(), POLLIN, 0},
                       {err_.get(), POLLIN, 0},
                       {in_.get(), POLLOUT, 0},
                       {stop_fd, POLLIN, 0}};
    const int ready = ::poll(polled, std::size(polled), wait_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return std::unexpected(os_error(errno, "poll"));
    if (ready == 0 || polled[4].revents != 0) return false;
    if (polled[3].revents != 0) feed();
    if (polled[1].revents != 0) drain(out_, Stream::out, on_output);
    if (polled[2].revents != 0) drain(err_, Stream::err, on_output);
    if (polled[0].revents == 0) continue;
    // It has ended. A daemon it left behind may hold the pipes: take what is there, do not wait for their
    // end.
    while (out_ && drain(out_, Stream::out, on_output)) {
    }
    while (err_ && drain(err_, Stream::err, on_output)) {
    }
    return true;
  }
}

int Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? kKilledExit + WTERMSIG(status) : WEXITSTATUS(status);
}

std::optional<MonoTime> deadline_of(const ProcessSpec& spec) {
  if (spec.timeout.count() == 0) return std::nullopt;
  return mono_now() + spec.timeout;
}

std::unexpected<Error> too_slow(const ProcessSpec& spec) {
  return fail(Code::timeout, spec.argv[0],
              "did not end within " + format_duration(spec.timeout) + " and was killed");
}

}  // namespace

Result<ProcessResult> run(const ProcessSpec& spec) {
  FL_TRY(Child child, Child::start(spec));
  ProcessResult result;
  const OnOutput collect = [&](Stream stream, std::string_view bytes) {
    std::string& to = stream == Stream::out ? result.out : result.err;
    const std::size_t room = spec.max_output - to.size();
    if (bytes.size() > room) result.truncated = true;
    to.append(bytes.substr(0, room));
  };
  const Result<bool> ended = child.pump(collect, deadline_of(spec), -1);
  if (!ended || !*ended) child.kill_group();
  result.exit_code = child.wait();
  if (!ended) return std::unexpected(ended.error());
  if (!*ended) return too_slow(spec);
  return result;
}

Result<ProcessResult> run_checked(const ProcessSpec& spec) {
  constexpr std::size_t kLastWords = 600;
  FL_TRY(ProcessResult result, run(spec));
  if (result.ok()) return result;
  std::string words = result.err.empty() ? result.out : result.err;
  while (!words.empty() && (words.back() == '\n' || words.back() == '.')) words.pop_back();
  if (words.size() > kLastWords) words = words.substr(words.size() - kLastWords);
  std::ranges::replace(words, '\n', ' ');
  if (words.empty()) words = "no message";
  return fail(Code::io, spec.argv[0], "exit " + std::to_string(result.exit_code) + ": " + words);
}

Result<int> run_streaming(const ProcessSpec& spec, const OnOutput& on_output, std::stop_token stop,
                          const std::function<void()>& on_stop) {
  const Fd stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stopped) return std::unexpected(os_error(errno, "eventfd"));
  FL_TRY(Child child, Child::start(spec));
  const std::stop_callback wake(stop, [&] { ::eventfd_write(stopped.get(), 1); });
  const Result<bool> ended = child.pump(on_output, deadline_of(spec), stopped.get());
  if (!ended || !*ended) {
    if (on_stop) on_stop();
    child.kill_group();
  }
  const int exit_code = child.wait();
  if (!ended) return std::unexpected(ended.error());
  if (!*ended && !stop.stop_requested()) return too_slow(spec);
  return exit_code;
}

}  // namespace fairlead
