// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/run/gathered.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "dataplane/measure/chi_square.h"
#include "dataplane/measure/statistics.h"

namespace fairlead::measure {
namespace {

constexpr double kCurve[] = {0.01, 0.1,  0.25,  0.5,   0.75,  0.9,    0.95,
                             0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999};
constexpr std::uint64_t kLeastOfEach =
    5;                             // flows to be expected at each server, for the test to mean anything
constexpr double kFull = 0.9;      // of a thread's time: it is what holds the rest up
constexpr double kMicro = 1000.0;  // ns

Range range_of(const std::vector<double>& values) {
  if (values.empty()) return {};
  return {median(values), *std::ranges::min_element(values), *std::ranges::max_element(values)};
}

double per_packet(const Taken& taken) {
  return taken.packets == 0 ? 0 : static_cast<double>(taken.cpu_ns) / static_cast<double>(taken.packets);
}

// What the rounds say that both ways have, taken from both.
Range compared(const Gathered& ours, const Gathered& baseline,
               const std::function<double(const Taken&, const Taken&)>& compare) {
  std::vector<double> values;
  for (const auto& [round, taken] : ours.closed)
    if (const auto other = baseline.closed.find(round); other != baseline.closed.end())
      values.push_back(compare(taken, other->second));
  return range_of(values);
}

Latency latency_of(const Gathered& gathered) {
  Latency latency;
  Histogram all;
  for (const auto& [round, taken] : gathered.open) all.merge(taken.sample.latency);
  latency.rate = gathered.rate;
  latency.requests = all.count();
  if (all.count() == 0) return latency;
  const auto us = [&all](double share) { return static_cast<double>(all.quantile(share)) / kMicro; };
  latency.p50 = us(0.5);
  latency.p99 = us(0.99);
  latency.p999 = us(0.999);
  latency.most = static_cast<double>(all.largest()) / kMicro;
  // A quantile that fewer than ten requests are beyond is chance.
  for (const double share : kCurve)
    if (static_cast<double>(all.count()) * (1 - share) >= 10) latency.curve.push_back({share, us(share)});
  return latency;
}

Spread spread_of(const std::map<std::uint16_t, std::uint64_t>& flows, unsigned servers) {
  Spread spread;
  std::vector<std::uint64_t> counts;
  std::map<std::uint16_t, std::uint64_t> all_servers = flows;
  for (unsigned server = 1; server <= servers; ++server) all_servers[static_cast<std::uint16_t>(server)];
  for (const auto& [server, count] : all_servers) {
    counts.push_back(count);
    spread.shares.push_back({"server " + std::to_string(server), count});
  }
  const std::uint64_t all = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (all < kLeastOfEach * counts.size()) return spread;
  const ChiSquare test = chi_square_of(counts);
  spread.chi_square = test.statistic;
  spread.freedom = test.freedom;
  spread.p = test.p;
  return spread;
}

std::string meaning_of(const std::string& drop) {
  static const std::map<std::string, std::string> kKernel{
      {"LINK_IN", "a link's receive side dropped"},
      {"LINK_OUT", "a link's send side dropped"},
      {"UDP_BUFFER", "a UDP socket's buffer was full"},
      {"UDP_NO_PORT", "no UDP socket had the port"},
      {"IP_NO_ROUTE", "there was no route"},
      {"LISTEN_FULL", "a listening socket's queue was full"},
      {"CONNTRACK_DROP", "connection tracking had no room"},
      {"CONNTRACK_INSERT", "connection tracking had it already"}};
  for (const auto& [name, meaning] : kKernel)
    if (drop.ends_with(name)) return meaning;
  return "";
}

std::string percent(double part) { return std::to_string(static_cast<int>(part * 100 + 0.5)) + " %"; }

struct Busy {
  std::vector<double> ran, waited;
  std::string text() const {
    return percent(median(ran)) +
           (median(waited) >= 0.05 ? " and " + percent(median(waited)) + " waiting" : "");
  }
  bool full() const { return median(ran) + median(waited) >= kFull; }
};

// What a closed loop is held up by: the ends that make and answer load, or what is between them.
void tell_bound(Row& row, const Gathered& gathered) {
  Busy client, servers;
  for (const auto& [round, taken] : gathered.closed) {
    client.ran.push_back(taken.sample.busy);
    client.waited.push_back(taken.sample.waiting);
    servers.ran.push_back(taken.servers_busy);
    servers.waited.push_back(taken.servers_waiting);
  }
  if (client.ran.empty()) return;
  row.at_least = client.full() || servers.full();
  row.bound = client.full() && servers.full() ? "both ends"
              : client.full()                 ? "the client"
              : servers.full()                ? "the servers"
                                              : "neither end";
  row.bound += " (client " + client.text() + ", servers " + servers.text() + ")";
}

void sum_up(Row& row, const Gathered& gathered, unsigned servers) {
  Sample sum;
  Counts drops;
  std::map<std::string, std::string> meanings;
  for (const auto* samples : {&gathered.closed, &gathered.open})
    for (const auto& [round, taken] : *samples) {
      sum.merge(taken.sample);
      row.packets += taken.packets;
      row.engine_packets += taken.told.packets;
      ++row.samples;
      for (const auto& [name, count] : taken.told.drops) drops[name] += count;
      meanings.insert(taken.told.meanings.begin(), taken.told.meanings.end());
    }
  row.asked = sum.asked;
  row.answered = sum.answered;
  row.late = sum.late;
  row.spread = spread_of(sum.flows, servers);
  for (std::size_t i = 0; i < kFailed.size(); ++i)
    if (sum.failed[i] > 0)
      row.failed.push_back({std::string(kFailed[i].name), sum.failed[i], std::string(kFailed[i].meaning)});
  for (const auto& [name, count] : drops)
    row.drops.push_back({name, count, meanings.contains(name) ? meanings[name] : meaning_of(name)});
}

}  // namespace

double rate_of(const Taken& taken, Workload workload) {
  const double each = workload == Workload::tcp_bulk ? 8 : 1;
  if (taken.sample.time_ns == 0) return 0;
  return each * static_cast<double>(taken.sample.in_time) * 1e9 / static_cast<double>(taken.sample.time_ns);
}

Row row_of(const Way& way, Workload workload, const Gathered& gathered, const Gathered* baseline,
           unsigned servers) {
  Row row;
  row.way = way.name;
  row.workload = to_string(workload);
  row.skipped = gathered.skipped;
  row.unit = workload == Workload::tcp_bulk                                       ? "bit/s"
             : workload == Workload::tcp_crr || workload == Workload::tcp_connect ? "connections/s"
                                                                                  : "requests/s";
  std::vector<double> rates, cpu;
  for (const auto& [round, taken] : gathered.closed) {
    rates.push_back(rate_of(taken, workload));
    cpu.push_back(per_packet(taken));
  }
  row.rate = range_of(rates);
  row.cpu_ns = range_of(cpu);
  if (baseline != nullptr) {
    row.ratio = compared(gathered, *baseline, [workload](const Taken& ours, const Taken& base) {
      const double rate = rate_of(base, workload);
      return rate > 0 ? rate_of(ours, workload) / rate : 0;
    });
    row.added_ns = compared(gathered, *baseline, [](const Taken& ours, const Taken& base) {
      return per_packet(ours) - per_packet(base);
    });
  }
  row.latency = latency_of(gathered);
  tell_bound(row, gathered);
  row.disturbed = gathered.disturbed;
  row.program_ns = gathered.program_ns;
  sum_up(row, gathered, servers);
  return row;
}

}  // namespace fairlead::measure
