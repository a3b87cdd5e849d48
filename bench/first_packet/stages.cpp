// SPDX-License-Identifier: Apache-2.0
#include "bench/first_packet/stages.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <stdexcept>

namespace fairlead::bench {
namespace {

// The value of `key=` in a logfmt line.
std::string field(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(" " + key + "=");
  if (at == std::string::npos) return {};
  std::size_t begin = at + key.size() + 2;
  const char end = line[begin] == '"' ? '"' : ' ';
  if (end == '"') ++begin;
  return line.substr(begin, line.find(end, begin) - begin);
}

// "ts=2026-01-02T03:04:05.678+00:00 ...": the agent runs with TZ=UTC.
WallTime time_of(const std::string& line) {
  const auto time = parse_time(line.substr(3, 23) + "Z");
  if (!time) throw std::runtime_error("a line without a time: " + line);
  return *time;
}

struct Found {
  WallTime first_begin{Millis::max()};
  std::map<std::string, WallTime> end, begin;  // by kind of work
  WallTime ready{};
  WallTime published{};
};

void read_work(const std::string& line, Found& found) {
  const std::string work = field(line, "work");
  const auto took = parse_duration(field(line, "took"));
  found.end[work] = time_of(line);
  found.begin[work] = time_of(line) - (took ? *took : Millis{0});
  found.first_begin = std::min(found.first_begin, found.begin[work]);
}

Found read_log(const std::filesystem::path& log, const std::string& job, WallTime applied) {
  Found found;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("ts=") || time_of(line) < applied) continue;
    const bool ours = field(line, "pod").starts_with("pod/" + job + "-");
    const std::string message = field(line, "msg");
    if (ours && message == "work") read_work(line, found);
    if (ours && message == "pod" && field(line, "phase") == "ready" && found.ready == WallTime{})
      found.ready = time_of(line);
    if (message == "tables" && found.ready != WallTime{} && found.published == WallTime{})
      found.published = time_of(line);
  }
  return found;
}

}  // namespace

StageTimes stages_of(const std::filesystem::path& log, const std::string& job, WallTime applied,
                     WallTime answered) {
  Found found = read_log(log, job, applied);
  for (const char* work : {"make netns", "prepare", "create", "start"})
    if (!found.end.contains(work))
      throw std::runtime_error(log.string() + ": " + job + " has no work " + work);
  if (found.ready == WallTime{} || found.published == WallTime{})
    throw std::runtime_error(log.string() + ": " + job + " was not seen to become ready");
  const std::array<WallTime, kStages.size()> ends{
      found.first_begin,   std::max(found.end["make netns"], found.end["prepare"]),
      found.end["create"], found.begin["start"],
      found.end["start"],  found.ready,
      found.published,     answered};
  StageTimes times{};
  WallTime last = applied;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    times[i] = static_cast<double>(std::max(ends[i], last).time_since_epoch().count() -
                                   last.time_since_epoch().count());
    last = std::max(ends[i], last);
  }
  return times;
}

}  // namespace fairlead::bench
