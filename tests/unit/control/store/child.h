// SPDX-License-Identifier: Apache-2.0
// A forked child that runs a function of the test and reports through a pipe;
// for what only another process can show: a crash, a lock, a limit. Killed and
// reaped by its destructor.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io/fd.h"

namespace fairlead::store::test {

// Writes one number to the parent; a pipe keeps eight bytes together.
class Report {
 public:
  explicit Report(int fd) : fd_(fd) {}
  void operator()(std::uint64_t number) const {
    if (::write(fd_, &number, sizeof number) != sizeof number) ::_exit(99);
  }

 private:
  int fd_;
};

class Child {
 public:
  explicit Child(const std::function<int(const Report&)>& body) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ < 0) std::abort();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::_exit(body(Report(ends[1])));
    }
    ::close(ends[1]);
    reports_ = Fd(ends[0]);
  }
  ~Child() {
    kill();
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // False at the end of the reports.
  bool read(std::uint64_t& number) { return ::read(reports_.get(), &number, sizeof number) == sizeof number; }

  void kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
  }

  // Its exit code, or 128 + the signal.
  int wait() {
    if (pid_ <= 0) return status_;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return status_;
  }

 private:
  pid_t pid_ = -1;
  int status_ = -1;
  Fd reports_;
};

}  // namespace fairlead::store::test
