// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io/fd.h"
#include "control/net/address.h"
#include "dataplane/measure/run/bench.h"
#include "orchestrator/cli/bench/bench.h"
#include "orchestrator/cli/bench/show.h"
#include "orchestrator/cli/bench/stop.h"

namespace fairlead::cli {
namespace {

namespace ms = measure;

Result<ms::Workload> workload_of(const std::string& name) {
  for (std::size_t i = 0; i < ms::kWorkloads.size(); ++i)
    if (ms::kWorkloads[i] == name) return static_cast<ms::Workload>(i);
  return fail(Code::invalid, "--workload " + name,
              "is none of tcp-rr, tcp-crr, tcp-bulk, udp-rr, tcp-connect", "choose among these");
}

Result<ms::BenchOptions> options_of(const BenchL4Options& o) {
  ms::BenchOptions options;
  options.engines = o.engines;
  options.peers = o.peers;
  options.workloads.clear();
  for (const std::string& name : o.workloads) {
    FL_TRY(const ms::Workload workload, workload_of(name));
    if (workload == ms::Workload::tcp_connect && o.target.empty())
      return fail(Code::invalid, "--workload tcp-connect", "is for services of others",
                  "use tcp-crr, or name one with --target");
    options.workloads.push_back(workload);
  }
  options.flows = o.flows;
  options.bytes = o.bytes;
  options.servers = o.servers;
  options.rounds = o.rounds;
  options.workers = o.workers;
  options.rate = o.rate;
  FL_TRY(const Millis time, parse_duration(o.time));
  options.time_ns = static_cast<std::uint64_t>(time.count()) * 1'000'000U;
  if (!o.target.empty()) {
    const auto target = net::parse_tcp_endpoint(o.target);
    if (!target) return std::unexpected(Error(target.error()).within("--target"));
    options.target = ms::Target{target->address, target->port};
  }
  return options;
}

// One line that is written over on a terminal; elsewhere a line for each round and workload.
class ProgressLine {
 public:
  void operator()(const ms::Progress& now) {
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    if (terminal) {
      std::fprintf(stderr, "\r\x1b[K[%u/%u] %s", now.done, now.all, now.what.c_str());
      drawn_ = true;
    } else if (const std::string head = now.what.substr(0, now.what.find(" latency")); head != last_) {
      std::fprintf(stderr, "[%u/%u] %s\n", now.done, now.all, now.what.c_str());
      last_ = head;
    }
  }
  ~ProgressLine() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  bool drawn_ = false;
  std::string last_;
};

Result<> replace_with(const Fd& fd, const std::string& text, const std::string& name) {
  if (::ftruncate(fd.get(), 0) != 0 && errno != EINVAL) return std::unexpected(os_error(errno, name));
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(fd.get(), text.data() + done, text.size() - done);
    if (n < 0) return std::unexpected(os_error(errno, name));
    done += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace

Result<int> bench_l4(const BenchL4Options& o) {
  FL_TRY(const ms::BenchOptions options, options_of(o));
  FL_TRY_OK(ms::check(options));
  // Before the measuring, which may take long and hides mounts: a page that cannot be written is said now.
  Fd page;
  if (!o.report.empty()) {
    page = Fd(::open(o.report.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!page)
      return std::unexpected(os_error(errno, "--report " + o.report, "name a file that can be written"));
  }
  StopOnSignal stop;
  Result<ms::Report> report;
  {
    ProgressLine line;
    report = ms::run_bench(options, std::ref(line), stop.token());
  }
  if (!report) {
    struct stat about{};
    if (page && ::fstat(page.get(), &about) == 0 && about.st_size == 0) ::unlink(o.report.c_str());
    return std::unexpected(std::move(report).error());
  }
  report->command = o.command;
  if (o.output == "json")
    std::printf("%s\n", ms::to_json(*report).c_str());
  else
    std::fputs(show_bench(*report).c_str(), stdout);
  if (page) {
    FL_TRY_OK(replace_with(page, ms::to_html(*report), o.report));
    std::fprintf(stderr, "the report is in %s\n", o.report.c_str());
  }
  return report->interrupted || report->failed > 0 ? 1 : 0;
}

}  // namespace fairlead::cli
