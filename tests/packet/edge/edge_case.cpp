// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/edge/edge_case.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "base/io/file.h"
#include "dataplane/fwd/edge/values.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/row_values.h"
#include "dataplane/model/text.h"
#include "tests/packet/case.h"
#include "tests/packet/packet_text.h"
#include "tests/support/must.h"

namespace fairlead::test {
namespace {

constexpr std::array kStates{"new", "tcp", "udp", "ends"};  // enum fwd_edge_state

std::filesystem::path folder() {
  return std::filesystem::path(std::getenv("FL_SOURCE_DIR")) / "tests/packet/edge/cases";
}

std::uint64_t beat_at(const std::string& seconds) {
  return kCaseBeat + static_cast<std::uint64_t>(std::llround(std::stod(seconds) * FWD_BEATS_PER_SECOND));
}

EdgeFlow read_flow(const std::string& text, int line) {
  std::istringstream in(text);
  std::string proto, from, to, arrow, server, seen, seconds, state;
  EdgeFlow flow;
  flow.line = line;
  if (!(in >> proto >> from >> arrow >> to >> server >> flow.server >> seen >> seconds >> state))
    throw std::runtime_error("a flow is: tcp A:p > B:q server N seen SECONDS STATE");
  flow.headers.proto = proto == "tcp" ? FWD_PROTO_TCP : FWD_PROTO_UDP;
  read_side(from, flow.headers.src, flow.headers.sport_be);
  read_side(to, flow.headers.dst, flow.headers.dport_be);
  flow.headers.family = from.starts_with('[') ? 6 : 4;
  flow.seen = beat_at(seconds);
  const auto known = std::ranges::find(kStates, state);
  if (known == kStates.end()) throw std::runtime_error("no state " + state);
  flow.state = static_cast<std::uint32_t>(known - kStates.begin());
  return flow;
}

void read_line(EdgeCase& c, std::uint64_t& beat, const std::string& key, const std::string& rest, int line) {
  std::istringstream in(rest);
  std::string word;
  if (key == "state") {
    c.tables = must(model::lower(must(model::parse(must(read_file(folder() / rest))))));
  } else if (key == "at") {
    beat = beat_at(rest);
  } else if (key == "in") {
    c.steps.push_back({line, beat, packet_from(rest), {}, 0, {}});
  } else if (key == "before" || key == "after") {
    (key == "before" ? c.before : c.after).push_back(read_flow(rest, line));
  } else if (key == "flows") {
    c.flows = std::stoul(rest);
  } else if (key == "verdict") {
    in >> c.steps.at(c.steps.size() - 1).verdict >> word >> c.steps.back().server;
  } else if (key == "out") {
    c.steps.at(c.steps.size() - 1).out = rest == "unchanged" ? c.steps.back().packet : packet_from(rest);
  } else {
    throw std::runtime_error("what is " + key + "?");
  }
}

struct Place {
  std::uint32_t tag = 0;
  std::array<std::uint32_t, 2> buckets{};
};

Place place_of(const model::EdgeMemory& memory, const EdgeFlow& flow) {
  const auto* config = static_cast<const fwd_edge_config*>(memory.tables.row(model::TableId::edge_config, 0));
  const std::uint64_t hash = fwd_edge_hash(&flow.headers, config->seed, 0);
  return {fwd_edge_tag(hash), {fwd_edge_first(hash, config), fwd_edge_second(hash, config)}};
}

std::uint64_t word_of(const Place& place, const EdgeFlow& flow) {
  return fwd_word(place.tag, flow.server, static_cast<__u32>(flow.seen >> FWD_TICK_SHIFT), flow.state);
}

std::string text_of(std::uint64_t word) {
  return "server " + std::to_string(fwd_word_server(word)) + " tick " + std::to_string(fwd_word_tick(word)) +
         " " + kStates[fwd_word_state(word)];
}

}  // namespace

EdgeCase read_edge_case(const std::filesystem::path& file) {
  EdgeCase c;
  std::uint64_t beat = kCaseBeat;
  read_case_lines(file, [&](const std::string& key, const std::string& rest, int line) {
    read_line(c, beat, key, rest, line);
  });
  return c;
}

std::vector<std::filesystem::path> edge_case_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

void remember(const model::EdgeMemory& memory, const EdgeFlow& flow) {
  const Place place = place_of(memory, flow);
  for (__u64& word : memory.edge_flows[place.buckets[0]].flow)
    if (word == 0) {
      word = word_of(place, flow);
      return;
    }
  throw std::runtime_error("line " + std::to_string(flow.line) + ": its bucket is full");
}

std::string missing(const model::EdgeMemory& memory, const EdgeFlow& flow) {
  const Place place = place_of(memory, flow);
  const std::uint64_t wanted = word_of(place, flow);
  std::string found = "line " + std::to_string(flow.line) + ": wanted " + text_of(wanted) + ", there is";
  for (const std::uint32_t bucket : place.buckets)
    for (const __u64 word : memory.edge_flows[bucket].flow) {
      if ((word & ~FWD_WORD_SPILLED) == wanted) return {};
      if (word != 0 && fwd_word_tag(word) == place.tag) found += " " + text_of(word);
    }
  return found;
}

std::size_t words_in(const model::EdgeMemory& memory) {
  std::size_t count = 0;
  for (const fwd_edge_bucket& bucket : memory.edge_flows)
    for (const __u64 word : bucket.flow) count += fwd_word_server(word) != 0;
  return count;
}

}  // namespace fairlead::test
