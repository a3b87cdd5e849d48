// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/nets/program.h"

#include <csignal>
#include <filesystem>
#include <unistd.h>

#include "base/io/process.h"
#include "dataplane/measure/nets/counters.h"

namespace fairlead::measure {
namespace {

constexpr std::size_t kMostSaid = 4096;

}  // namespace

Program::Program(const Space& space, std::vector<std::string> argv)
    : argv_(std::move(argv)), thread_([this, &space](const std::stop_token& stop) { run(space, stop); }) {}

Program::~Program() = default;  // stops and joins

void Program::run(const Space& space, const std::stop_token& stop) {
  // It gets the signal when this thread ends, that is, when its keeper does.
  ProcessSpec spec;
  spec.argv = {"setpriv", "--pdeathsig", "KILL"};
  spec.argv.insert(spec.argv.end(), argv_.begin(), argv_.end());
  spec.timeout = Millis(0);
  const auto keep = [this](Stream, std::string_view text) {
    const std::lock_guard lock(mutex_);
    said_.append(text);
    if (said_.size() > kMostSaid) said_.erase(0, said_.size() - kMostSaid);
  };
  const Result<> ended = space.inside([&]() -> Result<> {
    FL_TRY(const int code, run_streaming(spec, keep, stop));
    return fail(Code::unavailable, argv_.front(), "ended with " + std::to_string(code));
  });
  const std::lock_guard lock(mutex_);
  over_ = true;
  if (!ended) said_ += format(ended.error());
}

bool Program::running() const {
  const std::lock_guard lock(mutex_);
  return !over_;
}

Error Program::error(const std::string& what) const {
  const std::lock_guard lock(mutex_);
  return {Code::unavailable, std::filesystem::path(argv_.front()).filename().string(), what + ": " + said_,
          ""};
}

void signal_all(const Space& space, int signal) {
  for (const int process : processes_in({space.inode()})) ::kill(process, signal);
}

Result<std::string> find_program(const std::string& name, const std::string& package) {
  std::error_code none;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", none).parent_path() / name;
  if (::access(beside.c_str(), X_OK) == 0) return beside.string();
  for (const char* folder : {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"})
    if (const std::string path = std::string(folder) + "/" + name; ::access(path.c_str(), X_OK) == 0)
      return path;
  return fail(Code::not_found, name, "is not installed", "apt install " + package);
}

}  // namespace fairlead::measure
