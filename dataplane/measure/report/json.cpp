// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cmath>

#include "control/document/visit.h"
#include "dataplane/measure/report/report.h"

namespace fairlead::measure {
namespace {

namespace doc = document;
constexpr auto kAlways = doc::Rule::always;

struct Real {
  static doc::Value write(const double& number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), std::isfinite(number) ? number : 0,
                                   std::chars_format::general, 6);
    return doc::Value::number(std::string(text.data(), end.ptr));
  }
};
// Counts of a run stay far below 2^53: plain numbers, which every reader of JSON takes.
using Count = doc::Number<std::uint64_t>;
using Small = doc::Number<std::uint32_t>;

}  // namespace

template <class V>
void fields(V& v, typename V::template Ref<Range> o) {
  v.field("median", o.median, Real{}, kAlways);
  v.field("low", o.low, Real{}, kAlways);
  v.field("high", o.high, Real{}, kAlways);
}
template <class V>
void fields(V& v, typename V::template Ref<Named> o) {
  v.field("name", o.name, doc::Text{}, kAlways);
  v.field("count", o.count, Count{}, kAlways);
  v.field("meaning", o.meaning, doc::Text{});
}
template <class V>
void fields(V& v, typename V::template Ref<Share> o) {
  v.field("server", o.server, doc::Text{}, kAlways);
  v.field("flows", o.flows, Count{}, kAlways);
}
template <class V>
void fields(V& v, typename V::template Ref<Spread> o) {
  v.list("shares", o.shares);
  v.field("chi_square", o.chi_square, Real{}, kAlways);
  v.field("freedom", o.freedom, Small{}, kAlways);
  v.field("p", o.p, Real{}, kAlways);
}
template <class V>
void fields(V& v, typename V::template Ref<Quantile> o) {
  v.field("share", o.share, Real{}, kAlways);
  v.field("us", o.us, Real{}, kAlways);
}
template <class V>
void fields(V& v, typename V::template Ref<Latency> o) {
  v.field("rate", o.rate, Real{}, kAlways);
  v.field("requests", o.requests, Count{}, kAlways);
  v.field("p50_us", o.p50, Real{}, kAlways);
  v.field("p99_us", o.p99, Real{}, kAlways);
  v.field("p999_us", o.p999, Real{}, kAlways);
  v.field("max_us", o.most, Real{}, kAlways);
  v.list("curve", o.curve);
}
template <class V>
void fields(V& v, typename V::template Ref<Row> o) {
  v.field("way", o.way, doc::Text{}, kAlways);
  v.field("workload", o.workload, doc::Text{}, kAlways);
  v.field("skipped", o.skipped, doc::Text{});
  if (!o.skipped.empty()) return;
  v.field("unit", o.unit, doc::Text{}, kAlways);
  v.object("rate", o.rate);
  v.object("ratio", o.ratio);
  v.object("latency", o.latency);
  v.object("cpu_ns_per_packet", o.cpu_ns);
  v.object("added_ns_per_packet", o.added_ns);
  v.field("program_ns_per_run", o.program_ns, Real{}, kAlways);
  v.field("asked", o.asked, Count{}, kAlways);
  v.field("answered", o.answered, Count{}, kAlways);
  v.field("late", o.late, Count{}, kAlways);
  v.field("packets", o.packets, Count{}, kAlways);
  v.field("engine_packets", o.engine_packets, Count{}, kAlways);
  v.list("failed", o.failed);
  v.list("drops", o.drops);
  v.object("spread", o.spread);
  v.field("bound", o.bound, doc::Text{}, kAlways);
  v.field("at_least", o.at_least, doc::Boolean{}, kAlways);
  v.field("samples", o.samples, Small{}, kAlways);
  v.field("disturbed", o.disturbed, Small{}, kAlways);
}
template <class V>
void fields(V& v, typename V::template Ref<WayAbout> o) {
  v.field("name", o.name, doc::Text{}, kAlways);
  v.field("baseline", o.baseline, doc::Text{});
  v.field("about", o.about, doc::Text{}, kAlways);
  v.field("engine_packets_are", o.counts, doc::Text{});
}
template <class V>
void fields(V& v, typename V::template Ref<Report> o) {
  v.field("version", o.version, doc::Text{}, kAlways);
  v.field("commit", o.commit, doc::Text{}, kAlways);
  v.field("command", o.command, doc::Text{}, kAlways);
  v.field("machine", o.machine, doc::Text{}, kAlways);
  v.field("kernel", o.kernel, doc::Text{}, kAlways);
  v.field("at", o.at, doc::Time{}, kAlways);
  v.field("load", o.load, Real{}, kAlways);
  v.field("seconds", o.seconds, Real{}, kAlways);
  v.field("flows", o.flows, Small{}, kAlways);
  v.field("bytes", o.bytes, Small{}, kAlways);
  v.field("servers", o.servers, Small{}, kAlways);
  v.field("rounds", o.rounds, Small{}, kAlways);
  v.field("workers", o.workers, Small{}, kAlways);
  v.field("sample_seconds", o.sample_seconds, Real{}, kAlways);
  v.field("samples", o.samples, Small{}, kAlways);
  v.field("disturbed", o.disturbed, Small{}, kAlways);
  v.field("discarded", o.discarded, Small{}, kAlways);
  v.field("failed", o.failed, Small{}, kAlways);
  v.field("interrupted", o.interrupted, doc::Boolean{}, kAlways);
  v.list("ways", o.ways);
  v.list("rows", o.rows);
  v.field("notes", o.notes, doc::TextList{});
}

std::string to_json(const Report& report) { return doc::format_json_pretty(doc::Writer::write(report)); }

}  // namespace fairlead::measure
