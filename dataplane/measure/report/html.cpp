// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <map>

#include "dataplane/measure/report/report.h"
#include "dataplane/measure/report/svg.h"

namespace fairlead::measure {
namespace {

constexpr const char* kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>fairlead bench l4</title>
<style>
:root{color-scheme:light dark;--page:#f9f9f7;--card:#fff;--ink:#14130f;--soft:#55534d;--rule:#dedcd5;
--base:#a5a39b;--s0:#2a78d6;--s1:#eb6834;--s2:#4a3aa7;--s3:#1baf7a;--s4:#e87ba4;--s5:#008300;--s6:#eda100;--s7:#e34948}
@media (prefers-color-scheme:dark){:root{--page:#0f0f0e;--card:#1a1a19;--ink:#f4f3ef;--soft:#b8b6ae;--rule:#383733;
--base:#7d7b74;--s0:#3987e5;--s1:#d95926;--s2:#9085e9;--s3:#199e70;--s4:#d55181;--s5:#4caf50;--s6:#c98500;--s7:#e66767}}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:820px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:36px 0 8px}h3{font-size:15px;margin:18px 0 6px}
p{margin:6px 0}.soft{color:var(--soft)}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
section{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:4px 18px 16px;margin-top:18px}
section h2{margin-top:14px}svg{display:block;width:100%;height:auto;font:13px system-ui,sans-serif}
svg text{fill:var(--ink)}svg .tick{fill:var(--soft);font-size:12px}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:var(--rule)}.axis{stroke:var(--soft)}.whisker{stroke:var(--ink);stroke-width:1.5;opacity:.7}
.line{fill:none!important;stroke-width:2}path.other{stroke-dasharray:5 4}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th{color:var(--soft);font-weight:500;text-align:left}td,th{padding:4px 10px 4px 0;border-bottom:1px solid var(--rule)}
td.n,th.n{text-align:right;white-space:nowrap}
.base{fill:var(--base);stroke:var(--base)}.s0{fill:var(--s0);stroke:var(--s0)}.s1{fill:var(--s1);stroke:var(--s1)}
.s2{fill:var(--s2);stroke:var(--s2)}.s3{fill:var(--s3);stroke:var(--s3)}.s4{fill:var(--s4);stroke:var(--s4)}
.s5{fill:var(--s5);stroke:var(--s5)}.s6{fill:var(--s6);stroke:var(--s6)}.s7{fill:var(--s7);stroke:var(--s7)}
rect{stroke:none!important}
</style>
</head>
<body>
<main>
)";

constexpr const char* kMethod = R"(<section><h2>How it was measured</h2>
<p>All ways stand at once and take turns in every round; the next round begins with the next way. Rates are of closed
loops (each flow asks again when it has its answer), the median of the rounds, with the lowest and the highest. Ratios and
added CPU compare with the baseline of the same round, the way straight to one server.</p>
<p>Latencies are of open loops at the same rate for all ways of a workload, half of what the slowest could: a request's
time begins when it was due, also where it had to wait for a flow, and what was never answered is in it with the time that it
was waited for. The histogram is off by at most 0.4 %.</p>
<p>CPU is that of the client, the servers, the engine's processes and ksoftirqd together (schedstat, softirq time
included), divided by the packets that the client's link counted. So it holds the cost of the generator, which is the same for
all; what the balancer adds is the difference to the baseline, the way over its veth included. An engine's BPF program is timed
in one sample more, by the kernel's own statistics, which add some ten nanoseconds.</p>
<p>Every answer is compared with its request, octet by octet; of bulk only what servers confirmed counts. The links are
veths of one machine with whole sums and no packet above the MTU: there is no NIC, no PCIe and no distance in these figures.
Client threads and servers' threads are pinned to CPUs of their own where there are two.</p></section>
)";

std::string fixed(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

// Baselines are grey, a second one dashed; the others have their colour in the order of the run, in every
// plot the same.
std::map<std::string, std::string> colours_of(const Report& report) {
  std::map<std::string, std::string> colours;
  int next = 0, bases = 0;
  for (const WayAbout& way : report.ways)
    colours[way.name] =
        way.baseline.empty() ? (bases++ == 0 ? "base" : "base other") : "s" + std::to_string(next++ % 8);
  return colours;
}

class Page {
 public:
  explicit Page(const Report& report) : report_(report), colours_(colours_of(report)) {
    for (const Row& row : report.rows)
      if (std::ranges::find(workloads_, row.workload) == workloads_.end()) workloads_.push_back(row.workload);
  }

  std::string text() {
    return kHead + head() + throughput() + latency() + cpu() + spread() + losses() + work() + ways() +
           kMethod + notes() + "</main>\n</body>\n</html>\n";
  }

 private:
  using Plot = std::function<std::string(const std::string& workload, const std::vector<const Row*>& rows)>;

  // A section with one plot for each workload that has something to show.
  std::string section(const std::string& title, const std::string& lead, const Plot& plot) const {
    std::string inside;
    for (const std::string& workload : workloads_) {
      std::vector<const Row*> rows;
      for (const Row& row : report_.rows)
        if (row.workload == workload && row.skipped.empty()) rows.push_back(&row);
      const std::string drawn = rows.empty() ? "" : plot(workload, rows);
      if (!drawn.empty()) inside += "<h3>" + escape(workload) + "</h3>\n" + drawn;
    }
    if (inside.empty()) return "";
    return "<section><h2>" + escape(title) + "</h2>\n<p class=\"soft\">" + escape(lead) + "</p>\n" + inside +
           "</section>\n";
  }

  std::string colour(const Row& row) const { return colours_.at(row.way); }
  std::string base_of(const Row& row) const {
    const auto way = std::ranges::find(report_.ways, row.way, &WayAbout::name);
    return way == report_.ways.end() ? "" : way->baseline;
  }

  std::string head() const {
    const Report& r = report_;
    std::string text = "<h1>Load balancing on this machine</h1>\n<p class=\"soft\">" + escape(r.machine) +
                       " · " + escape(r.kernel) + " · fairlead " + escape(r.version) + " (" +
                       escape(r.commit) + ") · " + escape(format_time(r.at)) + " · load " + fixed(r.load, 2) +
                       "</p>\n<p><code>" + escape(r.command) + "</code></p>\n<p>" + std::to_string(r.flows) +
                       " flows, " + std::to_string(r.bytes) + " bytes, " + std::to_string(r.servers) +
                       " servers, " + std::to_string(r.rounds) + " rounds of " + fixed(r.sample_seconds, 2) +
                       " s samples, " + std::to_string(r.workers) + " client thread(s). ";
    text += std::to_string(r.samples) + " samples; " + std::to_string(r.disturbed) +
            " of them while others used over a tenth of the machine; " + std::to_string(r.discarded) +
            " more discarded for that; " + std::to_string(r.failed) + " failed.";
    if (doubtful(r)) text += " <strong>Doubtful: others used the machine during most of them.</strong>";
    if (r.interrupted) text += " <strong>Interrupted: not all rounds were run.</strong>";
    return text + "</p>\n";
  }

  std::string throughput() const {
    return section(
        "Throughput", "Closed loop; more is better. The whisker is from the lowest round to the highest.",
        [this](const std::string& workload, const std::vector<const Row*>& rows) {
          std::vector<Bar> drawn;
          for (const Row* row : rows)
            drawn.push_back(
                {row->way, colour(*row), row->rate.median, row->rate.low, row->rate.high,
                 (row->at_least ? "≥ " : "") + short_number(row->rate.median) + " " + row->unit +
                     (row->ratio.median > 0 ? ", " + fixed(row->ratio.median, 2) + " of " + base_of(*row)
                                            : "")});
          return bars(workload, drawn);
        });
  }

  std::string latency() const {
    return section("Latency",
                   "Open loop at one rate for all; less is better. Quantiles with fewer than ten requests "
                   "beyond are left out.",
                   [this](const std::string& workload, const std::vector<const Row*>& rows) -> std::string {
                     std::vector<Line> lines;
                     for (const Row* row : rows) {
                       Line line{row->way, colour(*row), {}};
                       for (const Quantile& quantile : row->latency.curve)
                         if (quantile.us > 0) line.points.push_back({quantile.share, quantile.us});
                       if (!line.points.empty()) lines.push_back(std::move(line));
                     }
                     if (lines.empty()) return "";
                     return "<p class=\"soft\">at " + short_number(rows.front()->latency.rate) + " " +
                            escape(rows.front()->unit) + "</p>\n" + quantile_plot(workload, "us", lines) +
                            latency_table(rows);
                   });
  }

  static std::string latency_table(const std::vector<const Row*>& rows) {
    std::string text =
        "<div class=\"wide\"><table><tr><th>way</th><th class=\"n\">p50 us</th><th class=\"n\">p99 us</th>"
        "<th class=\"n\">p99.9 us</th><th class=\"n\">largest us</th><th class=\"n\">requests</th></tr>\n";
    for (const Row* row : rows) {
      const Latency& l = row->latency;
      text += "<tr><td>" + escape(row->way) + "</td>";
      for (const double us : {l.p50, l.p99, l.p999, l.most})
        text += "<td class=\"n\">" + fixed(us, 1) + "</td>";
      text += "<td class=\"n\">" + std::to_string(l.requests) + "</td></tr>\n";
    }
    return text + "</table></div>\n";
  }

  std::string cpu() const {
    return section(
        "CPU per packet", "Client, servers, engine and kernel together; less is better.",
        [this](const std::string& workload, const std::vector<const Row*>& rows) -> std::string {
          std::vector<Bar> drawn;
          for (const Row* row : rows)
            if (row->cpu_ns.median > 0)
              drawn.push_back(
                  {row->way, colour(*row), row->cpu_ns.median, row->cpu_ns.low, row->cpu_ns.high,
                   fixed(row->cpu_ns.median, 0) + " ns" +
                       (row->ratio.median > 0 ? ", added " + fixed(row->added_ns.median, 0) : "") +
                       (row->program_ns > 0 ? " (program " + fixed(row->program_ns, 0) + ")" : "")});
          return drawn.empty() ? "" : bars(workload, drawn);
        });
  }

  std::string spread() const {
    return section(
        "Spread over servers",
        "New flows by server, and the chance that a fair draw is at least so uneven (chi-square test): below "
        "0.001 the choice is not an even one; at 1 servers take turns.",
        [this](const std::string& workload, const std::vector<const Row*>& rows) -> std::string {
          std::vector<Stack> drawn;
          for (const Row* row : rows) {
            if (row->spread.shares.size() < 2) continue;
            Stack stack{row->way, colour(*row), chi_label(row->spread), {}, {}};
            for (const Share& share : row->spread.shares) {
              stack.parts.push_back(static_cast<double>(share.flows));
              stack.words.push_back(share.server + ": " + std::to_string(share.flows));
            }
            drawn.push_back(std::move(stack));
          }
          return drawn.empty() ? "" : stacks(workload, drawn);
        });
  }

  static std::string chi_label(const Spread& spread) {
    if (spread.freedom == 0) return "too few for a test";
    return "χ² " + fixed(spread.chi_square, 2) + ", p " +
           (spread.p < 0.0001 ? "<0.0001" : fixed(spread.p, 4));
  }

  std::string losses() const {
    std::string rows;
    for (const Row& row : report_.rows)
      for (const auto* named : {&row.failed, &row.drops})
        for (const Named& each : *named)
          rows += "<tr><td>" + escape(row.workload) + "</td><td>" + escape(row.way) + "</td><td><code>" +
                  escape(each.name) + "</code></td><td class=\"n\">" + std::to_string(each.count) +
                  "</td><td>" + escape(each.meaning) + "</td></tr>\n";
    if (rows.empty()) return "<section><h2>Failed and dropped</h2>\n<p>Nothing.</p></section>\n";
    return "<section><h2>Failed and dropped</h2>\n<div "
           "class=\"wide\"><table><tr><th>workload</th><th>way</th>"
           "<th>reason</th><th class=\"n\">count</th><th>meaning</th></tr>\n" +
           rows + "</table></div></section>\n";
  }

  std::string work() const {
    std::string rows;
    for (const Row& row : report_.rows) {
      rows += "<tr><td>" + escape(row.workload) + "</td><td>" + escape(row.way) + "</td>";
      if (!row.skipped.empty()) {
        rows += "<td colspan=\"4\">" + escape(row.skipped) + "</td></tr>\n";
        continue;
      }
      rows += "<td class=\"n\">" + std::to_string(row.answered) + "/" + std::to_string(row.asked) +
              "</td><td class=\"n\">" + std::to_string(row.packets) + "</td><td class=\"n\">" +
              (row.engine_packets > 0 ? std::to_string(row.engine_packets) : "") + "</td><td>" +
              escape(row.bound) + "</td></tr>\n";
    }
    return "<section><h2>Work done, and what held it up</h2>\n<div "
           "class=\"wide\"><table><tr><th>workload</th><th>way</th>"
           "<th class=\"n\">answered</th><th class=\"n\">packets</th><th class=\"n\">by the engine</th>"
           "<th>closed loop held up by</th></tr>\n" +
           rows + "</table></div></section>\n";
  }

  std::string ways() const {
    std::string text = "<section><h2>The ways</h2>\n<div class=\"wide\"><table>";
    for (const WayAbout& way : report_.ways)
      text += "<tr><td>" + escape(way.name) + "</td><td>" + escape(way.about) +
              (way.baseline.empty() ? " (a baseline)" : "; compared with " + escape(way.baseline)) +
              (way.counts.empty() ? "" : ". The engine counts: " + escape(way.counts)) + "</td></tr>\n";
    return text + "</table></div></section>\n";
  }

  std::string notes() const {
    std::string text;
    for (const std::string& note : report_.notes) text += "<p>" + escape(note) + "</p>\n";
    return text.empty() ? "" : "<section><h2>Notes</h2>\n" + text + "</section>\n";
  }

  const Report& report_;
  std::map<std::string, std::string> colours_;
  std::vector<std::string> workloads_;
};

}  // namespace

std::string to_html(const Report& report) { return Page(report).text(); }

}  // namespace fairlead::measure
