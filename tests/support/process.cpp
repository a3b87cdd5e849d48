// SPDX-License-Identifier: Apache-2.0
// fork, setns, exec; nothing but system calls between fork and exec.
#include "tests/support/process.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/io/fd.h"

namespace fairlead::test {
namespace {

constexpr std::size_t kMaxOutput = 1U << 20;
using Clock = std::chrono::steady_clock;

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

struct Child {
  std::vector<char*> argv;
  std::vector<char*> env;
  int netns = -1;
  int out = -1;
};

[[noreturn]] void become(const Child& child, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  if (child.netns >= 0 && ::setns(child.netns, CLONE_NEWNET) != 0) ::_exit(126);
  const int none = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(none, STDIN_FILENO);
  ::dup2(child.out >= 0 ? child.out : none, STDOUT_FILENO);
  ::dup2(child.out >= 0 ? child.out : none, STDERR_FILENO);
  ::execvpe(child.argv[0], child.argv.data(), child.env.data());
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

pid_t launch_with(const Launch& launch, int out) {
  std::vector<std::string> argv = launch.argv;
  std::vector<std::string> env;
  for (char** entry = ::environ; *entry != nullptr; ++entry) env.emplace_back(*entry);
  env.insert(env.end(), launch.env.begin(), launch.env.end());
  Fd netns;
  if (!launch.netns.empty()) {
    netns = Fd(::open(launch.netns.c_str(), O_RDONLY | O_CLOEXEC));
    if (!netns) refuse(launch.netns.string());
  }
  const Child child{pointers(argv), pointers(env), netns.get(), out};
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) refuse("fork");
  if (pid == 0) become(child, parent);
  ::setpgid(pid, pid);
  return pid;
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// Reads until end of file or the limit; true when the end came first.
bool drain(int fd, std::string& into, Clock::time_point end) {
  char chunk[4096];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t got = ::read(fd, chunk, sizeof chunk);
    if (got <= 0) return true;
    if (into.size() < kMaxOutput) into.append(chunk, static_cast<std::size_t>(got));
  }
}

}  // namespace

Finished run(const Launch& launch, std::chrono::milliseconds limit) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) refuse("pipe");
  Fd in(ends[0]);
  Fd out(ends[1]);
  const pid_t pid = launch_with(launch, out.get());
  out.reset();
  Finished done;
  done.timed_out = !drain(in.get(), done.output, Clock::now() + limit);
  if (done.timed_out) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  done.exit_code = code_of(status);
  return done;
}

Process::Process(const Launch& launch) {
  Fd log;
  if (!launch.log.empty()) {
    log = Fd(::open(launch.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    if (!log) refuse(launch.log.string());
  }
  pid_ = launch_with(launch, log.get());
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_code_, other.exit_code_);
  return *this;
}

Process::~Process() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);
  wait();
}

bool Process::running() {
  if (pid_ <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = code_of(status);
  pid_ = -1;
  return false;
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int Process::wait(std::chrono::milliseconds limit) {
  return eventually([this] { return !running(); }, limit) ? exit_code_ : -1;
}

int Process::stop(std::chrono::milliseconds grace) {
  signal(SIGTERM);
  if (eventually([this] { return !running(); }, grace)) return exit_code_;
  ::kill(-pid_, SIGKILL);
  return wait();
}

void pause_briefly() { std::this_thread::sleep_for(std::chrono::milliseconds(10)); }

}  // namespace fairlead::test
