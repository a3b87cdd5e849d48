// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/pods/exit_watcher.h"

#include <array>
#include <charconv>
#include <sys/inotify.h>
#include <vector>

#include "base/io/file.h"
#include "orchestrator/runtime/cgroup.h"
#include "orchestrator/runtime/container/container.h"

namespace fairlead::agent {

namespace asio = boost::asio;

namespace {

// A zombie has ended; so has a number that nobody has.
bool is_alive(int pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
  if (!stat) return false;
  const auto name_end = stat->rfind(") ");
  return name_end != std::string::npos && (*stat)[name_end + 2] != 'Z';
}

}  // namespace

Traces traces(const runtime::NodePaths& paths, const PodUid& uid, const std::string& container) {
  return {paths.bundle(uid, container), paths.cgroup(uid, container)};
}

// conmon's note may come after the exit code; the kernel's count never does.
bool ran_out_of_memory(const Traces& traces) {
  std::error_code ignored;
  return std::filesystem::exists(traces.bundle / "oom", ignored) || runtime::oom_kills(traces.cgroup) > 0;
}

std::optional<std::int32_t> parse_exit_code(std::string_view text) {
  std::int32_t code = 0;
  const auto end = text.find_last_not_of(" \n");
  const std::string_view digits = end == std::string_view::npos ? "" : text.substr(0, end + 1);
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  if (error != std::errc{} || stop != digits.data() + digits.size()) return std::nullopt;
  return code;
}

std::string why_unknown(const std::filesystem::path& exit_file) {
  std::error_code ignored;
  return std::filesystem::exists(exit_file, ignored)
             ? "no code stands in " + exit_file.string() + ", perhaps because the disk was full"
             : "its monitor was killed";
}

Result<std::unique_ptr<ExitWatcher>> ExitWatcher::open(asio::io_context& loop, std::filesystem::path exits,
                                                       OnExit on_exit) {
  const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) return std::unexpected(os_error(errno, "inotify", "Raise fs.inotify.max_user_instances"));
  std::unique_ptr<ExitWatcher> watcher(new ExitWatcher(loop, std::move(exits), std::move(on_exit), inotify));
  if (::inotify_add_watch(inotify, watcher->exits_.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
    return std::unexpected(os_error(errno, watcher->exits_.string(), "Raise fs.inotify.max_user_watches"));
  watcher->listen();
  return watcher;
}

ExitWatcher::ExitWatcher(asio::io_context& loop, std::filesystem::path exits, OnExit on_exit, int inotify)
    : exits_(std::move(exits)), on_exit_(std::move(on_exit)), inotify_(loop, inotify) {}

void ExitWatcher::arm(const std::string& file, Exited exited, Traces traces) {
  armed_[file] = Armed{std::move(exited), std::move(traces)};
  look_at(file);
}

void ExitWatcher::disarm(const std::string& file) { armed_.erase(file); }

void ExitWatcher::report(const std::string& file, std::optional<std::int32_t> code, bool out_of_memory,
                         std::string note) {
  Exited exited = std::move(armed_.extract(file).mapped().exited);
  exited.code = code;
  exited.out_of_memory = out_of_memory;
  exited.note = std::move(note);
  on_exit_(exited);
}

// Not there yet, still being written, or none of conmon's: a further event follows, or look_for_lost() looks.
void ExitWatcher::look_at(const std::string& file) {
  const auto found = armed_.find(file);
  if (found == armed_.end()) return;
  const auto text = read_file(exits_ / file, 64);
  const auto code = text ? parse_exit_code(*text) : std::nullopt;
  if (!code || is_alive(runtime::first_process(found->second.traces.bundle)))
    return;  // conmon writes after the end
  report(file, code, ran_out_of_memory(found->second.traces), "");
}

void ExitWatcher::look_for_lost() {
  std::vector<std::string> lost;
  for (auto& [file, armed] : armed_) {
    const int pid = runtime::first_process(armed.traces.bundle);
    const bool missing = pid > 0 && !is_alive(pid);
    if (missing && armed.missing) lost.push_back(file);
    armed.missing = missing;
  }
  for (const std::string& file : lost) {
    look_at(file);
    if (armed_.contains(file))
      report(file, std::nullopt, ran_out_of_memory(armed_.at(file).traces), why_unknown(exits_ / file));
  }
}

void ExitWatcher::listen() {
  inotify_.async_wait(asio::posix::descriptor_base::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;  // closed with the watcher
                        read_events();
                        listen();
                      });
}

void ExitWatcher::read_events() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  std::vector<std::string> files;
  for (;;) {
    const ssize_t got = ::read(inotify_.native_handle(), buffer.data(), buffer.size());
    if (got <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if (event->mask & IN_Q_OVERFLOW)
        for (const auto& [file, armed] : armed_) files.push_back(file);
      else if (event->len > 0)
        files.emplace_back(event->name);
      at += sizeof(inotify_event) + event->len;
    }
  }
  for (const std::string& file : files) look_at(file);
}

}  // namespace fairlead::agent
