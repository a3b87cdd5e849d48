// SPDX-License-Identifier: Apache-2.0
// TableLevels: how full the tables of each node's dataplane are, as its
// heartbeats say, and what people are told of it: once when a table gets nearly
// full, once when it had no room, once when that is over. In memory only: what
// heartbeats say is never stored, and control begins anew with the first of each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "control/proto/stream.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

// What is wrong with a node's tables, in words; nothing: nothing is.
struct TableTrouble {
  std::vector<std::string> lines;
  std::string fix;
};

class TableLevels {
 public:
  // The events that this heartbeat is reason for.
  std::vector<plan::Event> heard(const std::string& node, const proto::Heartbeat& beat, MonoTime now);
  void forget(const std::string& node) { nodes_.erase(node); }

  TableTrouble trouble(const std::string& node) const;

 private:
  enum class Told : std::uint8_t { well, filling, full };
  struct Table {
    proto::TableLevel level;
    Told told = Told::well;
    MonoTime uneasy;  // when it was last nearly full, or had no room
    bool known = false;
  };
  struct Node {
    std::map<std::string, Table> tables;
    std::string refusal;
  };
  std::map<std::string, Node> nodes_;
};

}  // namespace fairlead::server
