// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/changes.h"

#include <algorithm>

namespace fairlead::cli {
namespace {

std::string sign(std::string_view action) {
  if (action == "create") return "+";
  if (action == "update") return "~";
  if (action == "delete") return "-";
  if (action == "unchanged") return "=";
  return "?";
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:,+@").find(c) != std::string_view::npos;
  });
}

// As it can be pasted into a shell.
std::string shell_word(std::string_view text) {
  if (is_plain_word(text)) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string format_changes(const proto::ApplyResult& result) {
  std::size_t width = 0;
  for (const proto::Change& change : result.changes) width = std::max(width, change.object.size());
  std::string text;
  for (const proto::Change& change : result.changes) {
    std::string line = sign(change.action) + " " + printable(change.object);
    if (!change.detail.empty())
      line += std::string(width - change.object.size() + 2, ' ') + printable(change.detail);
    text += line + "\n";
  }
  return text;
}

std::string format_next(const proto::ApplyResult& plan, std::string_view file, std::string_view ns) {
  const bool nothing =
      std::ranges::all_of(plan.changes, [](const auto& c) { return c.action == "unchanged"; });
  if (nothing) return "Nothing to change.\n";
  std::string text = "Next: fairlead apply -f " + shell_word(file);
  if (ns != kDefaultNamespace) text += " -n " + shell_word(ns);
  return text + " --expect " + std::to_string(plan.revision.value) + "\n";
}

// The clock alone for what happened today, in UTC as everywhere.
std::string time_of(WallTime time, WallTime now) {
  const std::string text = format_time(time);
  const bool today = text.substr(0, 10) == format_time(now).substr(0, 10);
  return today ? text.substr(11, 12) : text;
}

Table table_of(const proto::EventList& events, WallTime now) {
  Table table{{"TIME", "OBJECT", "WHAT", "CAUSE"}, {}};
  for (const proto::Event& e : events.events)
    table.rows.push_back({time_of(e.time, now), e.object, e.reason, e.message});
  return table;
}

Table table_of(const proto::DropList& drops) {
  const bool flows = std::ranges::any_of(drops.drops, [](const auto& d) { return !d.last_flow.empty(); });
  const bool meanings = std::ranges::any_of(drops.drops, [](const auto& d) { return !d.meaning.empty(); });
  Table table{{"NODE", "REASON", "PACKETS"}, {}};
  if (flows) table.header.emplace_back("LAST-FLOW");
  if (meanings) table.header.emplace_back("MEANING");
  for (const proto::Drop& d : drops.drops) {
    auto& row =
        table.rows.emplace_back(std::vector<std::string>{d.node, d.reason, std::to_string(d.packets)});
    if (flows) row.push_back(d.last_flow);
    if (meanings) row.push_back(d.meaning);
  }
  return table;
}

Table table_of(const proto::EdgeList& edges) {
  Table table{{"EDGE", "ADDRESS", "REVISION", "BEHIND", "UNREACHED"}, {}};
  for (const proto::Edge& edge : edges.edges)
    table.rows.push_back(
        {edge.name, format(edge.address), std::to_string(edge.revision.value),
         std::to_string(edges.revision.value - std::min(edge.revision, edges.revision).value),
         edge.unreached ? std::to_string(*edge.unreached) : "-"});
  return table;
}

// A table with a row more than none is never 0 %, and one that is not full never 100 %.
std::string percent(const proto::TableLevel& level) {
  if (level.capacity == 0 || level.used == 0) return "0%";
  if (level.used >= level.capacity) return "100%";
  return std::to_string(std::clamp<std::uint64_t>(level.used * 100 / level.capacity, 1, 99)) + "%";
}

Table table_of(const proto::TableList& tables) {
  Table table{{"NODE", "TABLE", "USED", "CAPACITY", "LEVEL", "REFUSED"}, {}};
  for (const auto& [node, name, level] : tables.tables)
    table.rows.push_back({node, name, std::to_string(level.used), std::to_string(level.capacity),
                          percent(level), std::to_string(level.refused)});
  return table;
}

std::string format_explanation(const proto::Explanation& e) {
  Table table;
  if (!e.cause.empty()) table.rows.push_back({"cause", e.cause});
  for (std::size_t i = 0; i < e.evidence.size(); ++i)
    table.rows.push_back({i == 0 ? "evidence" : "", e.evidence[i]});
  if (!e.fix.empty()) table.rows.push_back({"fix", e.fix});
  return printable(e.object) + "  " + printable(e.state) + "\n" + table.text();
}

}  // namespace fairlead::cli
