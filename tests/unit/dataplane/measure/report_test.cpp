// SPDX-License-Identifier: Apache-2.0
// A report as JSON and as a page: whole, well-formed whatever is in it, and asking nobody for anything.
#include "dataplane/measure/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>

#include "control/document/value.h"
#include "dataplane/measure/report/svg.h"

namespace fairlead::measure {
namespace {

using testing::HasSubstr;
using testing::Not;

Row row_of(const std::string& way, double rate) {
  Row row;
  row.way = way;
  row.workload = "tcp-rr";
  row.unit = "requests/s";
  row.rate = {rate, rate * 0.9, rate * 1.1};
  row.cpu_ns = {900, 800, 1000};
  row.latency = {1000, 5000, 40, 90, 200, 900, {{0.5, 40}, {0.9, 60}, {0.99, 90}, {0.999, 200}}};
  row.asked = row.answered = 5000;
  row.packets = 10000;
  row.spread = {{{"server 1", 30}, {"server 2", 34}}, 0.25, 1, 0.6171};
  row.bound = "the client (client 99 %, servers 60 %)";
  row.samples = 6;
  return row;
}

Report sample() {
  Report report;
  report.version = "1";
  report.commit = "abc";
  report.command = "fairlead bench l4 --report 'a&b.html'";
  report.machine = "2 x <CPU> \"model\"";
  report.kernel = "Linux";
  report.rounds = 3;
  report.ways = {{"direct", "", "straight", ""}, {"xdp", "direct", "by <fairlead-lb> & XDP", "packets"}};
  report.rows = {row_of("direct", 40000), row_of("xdp", 36000)};
  report.rows[1].ratio = {0.9, 0.88, 0.91};
  report.rows[1].engine_packets = 5000;
  report.rows[1].failed = {{"TIMEOUT", 3, "no answer in time"}};
  report.rows[1].drops = {{"SOME<REASON>", 7, "it's \"so\""}};
  Row skipped;
  skipped.way = "xdp";
  skipped.workload = "udp-rr";
  skipped.skipped = "it has no UDP";
  report.rows.push_back(skipped);
  return report;
}

// Every tag is closed in its turn; every & begins an entity; no letter < or > stands in a text.
std::string mistake_in(const std::string& html) {
  static const std::regex kTag(R"(<(/?)([a-z0-9]+)((?:\s+[a-zA-Z0-9:-]+="[^"<>]*")*)\s*(/?)>)");
  const std::size_t style = html.find("<style>"), over = html.find("</style>");
  std::string text = html.substr(html.find("<html"));
  text.erase(text.find("<style>") + 7, over - style - 7);
  std::vector<std::string> open;
  std::size_t at = 0;
  for (std::smatch match; at < text.size();) {
    const std::size_t next = text.find_first_of("<>&", at);
    if (next == std::string::npos) break;
    const std::string rest = text.substr(next);
    if (rest[0] == '>') return "a lone > before " + rest.substr(0, 60);
    if (rest[0] == '&') {
      if (!std::regex_search(rest, std::regex("^&(amp|lt|gt|quot|#39);")))
        return "a lone & at " + rest.substr(0, 60);
      at = next + 1;
      continue;
    }
    if (!std::regex_search(rest, match, kTag, std::regex_constants::match_continuous))
      return "no tag at " + rest.substr(0, 60);
    const std::string name = match[2];
    if (match[1].length() > 0) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes what is not open";
      open.pop_back();
    } else if (match[4].length() == 0) {
      open.push_back(name);
    }
    at = next + static_cast<std::size_t>(match.length());
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

TEST(ReportPage, IsWellFormedAndEscapes) {
  const std::string html = to_html(sample());
  EXPECT_EQ(mistake_in(html), "");
  EXPECT_THAT(html, HasSubstr("2 x &lt;CPU&gt; &quot;model&quot;"));
  EXPECT_THAT(html, HasSubstr("a&amp;b.html"));
  EXPECT_THAT(html, HasSubstr("SOME&lt;REASON&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("SOME<")));
}

TEST(ReportPage, AsksNobodyForAnything) {
  const std::string html = to_html(sample());
  for (const char* asking : {"http:", "https:", "src=", "href=", "url(", "<script", "@import", "<link"})
    EXPECT_THAT(html, Not(HasSubstr(asking)));
}

TEST(ReportPage, ShowsEveryWayWithItsFigures) {
  const std::string html = to_html(sample());
  for (const char* shown :
       {"40.0k requests/s", "36.0k requests/s, 0.90 of direct", "TIMEOUT", "it has no UDP",
        "χ² 0.25, p 0.6171", "5000/5000", "prefers-color-scheme:dark", "aria-label=\"tcp-rr\""})
    EXPECT_THAT(html, HasSubstr(shown));
}

TEST(ReportPage, SaysWhenOthersUsedTheMachineDuringMostSamples) {
  Report report = sample();
  report.samples = 8;
  report.disturbed = 4;
  EXPECT_THAT(to_html(report), testing::Not(HasSubstr("Doubtful")));
  report.disturbed = 5;
  EXPECT_THAT(to_html(report), HasSubstr("Doubtful"));
  EXPECT_EQ(mistake_in(to_html(report)), "");
}

TEST(ReportPage, OfNothingIsStillAPage) {
  EXPECT_EQ(mistake_in(to_html(Report{})), "");
  Report interrupted = sample();
  interrupted.interrupted = true;
  interrupted.rows[0].latency = {};
  interrupted.rows[0].rate = {};
  EXPECT_EQ(mistake_in(to_html(interrupted)), "");
  EXPECT_THAT(to_html(interrupted), HasSubstr("Interrupted"));
}

TEST(ReportJson, IsWhatTheReportSays) {
  const auto value = document::parse_json(to_json(sample()));
  ASSERT_TRUE(value);
  const document::Value* rows = value->find("rows");
  ASSERT_NE(rows, nullptr);
  ASSERT_EQ(rows->items.size(), 3U);
  const document::Value& xdp = rows->items[1];
  EXPECT_EQ(xdp.find("way")->text, "xdp");
  EXPECT_EQ(xdp.find("rate")->find("median")->text, "36000");
  EXPECT_EQ(xdp.find("latency")->find("p999_us")->text, "200");
  EXPECT_EQ(xdp.find("spread")->find("shares")->items[1].find("flows")->text, "34");
  EXPECT_EQ(xdp.find("drops")->items[0].find("count")->text, "7");
  EXPECT_EQ(rows->items[2].find("skipped")->text, "it has no UDP");
  EXPECT_EQ(rows->items[2].find("rate"), nullptr);
}

TEST(ShortNumber, ThreeDigits) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(7.126), "7.13");
  EXPECT_EQ(short_number(42.35), "42.4");
  EXPECT_EQ(short_number(845), "845");
  EXPECT_EQ(short_number(999.7), "1.00k");
  EXPECT_EQ(short_number(12345), "12.3k");
  EXPECT_EQ(short_number(3.24e9), "3.24G");
}

}  // namespace
}  // namespace fairlead::measure
