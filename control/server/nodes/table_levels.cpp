// SPDX-License-Identifier: Apache-2.0
#include "control/server/nodes/table_levels.h"

#include <string_view>

namespace fairlead::server {
namespace {

constexpr Millis kCalm{60'000};  // that is over which was not so for this long
constexpr std::string_view kFlows = "flows";

// A table of one row is made to be full.
bool nearly_full(const proto::TableLevel& level) {
  return level.capacity > 1 && level.used >= level.capacity - level.capacity / 10;
}

std::string text_of(const std::string& name, const proto::TableLevel& level) {
  return "table " + name + " holds " + std::to_string(level.used) + " of " + std::to_string(level.capacity) +
         " rows";
}

std::string fix_of(const std::string& name) {
  return name == kFlows ? "spread its pods over more nodes, or let their clients keep connections"
                        : "remove pods, services or nodes that are not needed";
}

std::string what_was_refused(const std::string& name) {
  return name == kFlows ? "new flows were dropped (FLOW_TABLE_FULL)"
                        : "what control said did not fit, the node goes on with the tables that it has";
}

}  // namespace

std::vector<plan::Event> TableLevels::heard(const std::string& node, const proto::Heartbeat& beat,
                                            MonoTime now) {
  std::vector<plan::Event> events;
  const auto tell = [&](bool warning, const char* reason, std::string message) {
    events.push_back({{Kind::node, "", node}, warning, reason, std::move(message), {}});
  };
  Node& known = nodes_[node];
  known.refusal = beat.refusal;
  for (const auto& [name, level] : beat.tables) {
    Table& table = known.tables[name];
    const bool refuses = (table.known && level.refused > table.level.refused) || level.too_small;
    table.level = level;
    table.known = true;
    const Told now_is = refuses ? Told::full : nearly_full(level) ? Told::filling : Told::well;
    if (now_is != Told::well) table.uneasy = now;
    if (now_is > table.told) {
      table.told = now_is;
      if (refuses)
        tell(true, "TableFull", text_of(name, level) + ": " + what_was_refused(name) + "; " + fix_of(name));
      else
        tell(true, "TableFilling", text_of(name, level) + "; " + fix_of(name));
    }
    if (now_is == Told::well && table.told != Told::well && now - table.uneasy > kCalm) {
      table.told = Told::well;
      tell(false, "TableHasRoom", text_of(name, level));
    }
  }
  return events;
}

TableTrouble TableLevels::trouble(const std::string& node) const {
  TableTrouble trouble;
  const auto known = nodes_.find(node);
  if (known == nodes_.end()) return trouble;
  const auto add = [&](std::string line, std::string fix) {
    trouble.lines.push_back(std::move(line));
    if (trouble.fix.empty()) trouble.fix = std::move(fix);
  };
  if (!known->second.refusal.empty())
    add("its newest tables are not in place: " + known->second.refusal, "look at fairlead-agent's log there");
  for (const auto& [name, table] : known->second.tables) {
    if (table.told == Told::full)
      add(text_of(name, table.level) + ", and had no room: " + what_was_refused(name), fix_of(name));
    else if (nearly_full(table.level))
      add(text_of(name, table.level), fix_of(name));
  }
  return trouble;
}

}  // namespace fairlead::server
