// SPDX-License-Identifier: Apache-2.0
// How far packets came in an edge's pipeline, told from where they ended: each
// verdict ends in one stage (dataplane/fwd/edge/pipeline.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/edge/edge_engine.h"

namespace fairlead::model {

enum class EdgeEnd : std::uint8_t { parse, service, choose, deliver, sent, count };

constexpr EdgeEnd edge_end_of(std::uint32_t verdict) {
  switch (verdict) {
    case FWD_TO_BACKEND:
      return EdgeEnd::sent;
    case FWD_NO_SERVICE_PORT:
    case FWD_TO_SELF:
    case FWD_TO_CLIENT:
    case FWD_FRAGMENT_TO_VIP:
      return EdgeEnd::service;
    case FWD_FRAG_BEFORE_FIRST:
    case FWD_FRAGMENT_TABLE_FULL:
    case FWD_NO_BACKEND:
    case FWD_FLOW_TABLE_FULL:
    case FWD_SERVICE_LIMIT:
    case FWD_SOURCE_LIMIT:
      return EdgeEnd::choose;
    case FWD_TOO_BIG:
    case FWD_FLOW_CONFLICT:
    case FWD_TTL_EXPIRED:
    case FWD_KERNEL_REFUSED:
      return EdgeEnd::deliver;
    default:
      return EdgeEnd::parse;
  }
}

// Of counters by verdict, TO_BACKEND's among them: packets that came to each stage.
inline std::vector<EdgeStage> edge_stages(const std::vector<fwd_counter>& counters) {
  constexpr std::array<const char*, 5> kNames{"parse", "service", "choose", "deliver", "send"};
  std::vector<EdgeStage> stages;
  for (std::size_t stage = 0; stage < kNames.size(); ++stage) {
    EdgeStage& made = stages.emplace_back(EdgeStage{kNames[stage], 0, {}});
    for (std::uint32_t verdict = 0; verdict < counters.size(); ++verdict)
      if (static_cast<std::size_t>(edge_end_of(verdict)) >= stage) made.packets += counters[verdict].packets;
  }
  return stages;
}

}  // namespace fairlead::model
