// SPDX-License-Identifier: Apache-2.0
// Another balancer by XDP, to be measured in the same wrapper: a program that its own daemon has
// loaded, configured and pinned, or an object file whose maps are pinned somewhere.
#pragma once

#include <memory>
#include <string>

namespace fairlead::bench {

class Peer {
 public:
  // `what`: a pinned program, or FILE.o[:PROGRAM]. `maps`: a folder of pins; a map of the object takes the
  // pin of its name there, as it is. Throws std::runtime_error, which says what to do.
  Peer(const std::string& what, const std::string& maps);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int program() const;  // a descriptor

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::bench
