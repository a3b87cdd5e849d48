// SPDX-License-Identifier: Apache-2.0
// The engine that the file asks for, on its links.
#pragma once

#include <memory>

#include "dataplane/lb/config/config.h"
#include "dataplane/model/edge/edge_engine.h"

namespace fairlead::lb {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<model::EdgeEngine> take() = 0;  // once
  // Links of the file get the program, others lose it.
  virtual Result<> attach(const Config& config) = 0;
};

// `name`: of this edge among those of the machine; its tables are pinned under it.
Result<std::unique_ptr<Engine>> open_engine(const std::string& name, const Config& config);
// Programs and tables of that edge; success when there are none.
Result<> remove_engine(const std::string& name);

}  // namespace fairlead::lb
