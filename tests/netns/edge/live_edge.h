// SPDX-License-Identifier: Apache-2.0
// LiveEdge: an EdgeNet whose edge is an engine, without a daemon.
#pragma once

#include "dataplane/model/edge/edge_engine.h"
#include "tests/netns/edge/edge_net.h"

namespace fairlead::test {

class LiveEdge {
 public:
  LiveEdge(const std::string& tag, EdgeNetOptions options) : net_(tag, options) {}
  virtual ~LiveEdge() = default;

  virtual void start() = 0;
  virtual model::EdgeEngine& engine() = 0;
  void publish();  // what differs from the tables as they stand
  // What the client gets from service `number`, once it does; the last refusal after ten seconds.
  std::string reached(int number, Family family);

  EdgeNet& net() { return net_; }
  NetLab& lab() { return net_.lab(); }
  std::string counts();  // of every verdict that was

 private:
  EdgeNet net_;
};

}  // namespace fairlead::test
