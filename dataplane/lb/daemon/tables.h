// SPDX-License-Identifier: Apache-2.0
// Tables: an edge's state in the engine's rows. What an earlier run left is adopted:
// only what differs is written. Knows which number each server has there.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "dataplane/model/edge/edge_engine.h"
#include "dataplane/model/forwarding_state.h"
#include "dataplane/model/lower.h"

namespace fairlead::lb {

class Tables {
 public:
  explicit Tables(std::unique_ptr<model::EdgeEngine> engine);

  bool had_rows() const { return had_rows_; }  // an earlier run's
  // All or nothing: an error leaves the rows of before.
  Result<std::size_t> publish(const model::ForwardingState& state);  // how many rows it wrote

  const model::EdgeEngine& engine() const { return *engine_; }
  model::EdgeEngine& engine() { return *engine_; }
  const model::EdgeMemory& memory() const { return engine_->memory(); }
  // Packets of flows that found no room, since the flow table was made.
  std::uint64_t unremembered() const {
    return __atomic_load_n(memory().edge_unremembered.data(), __ATOMIC_RELAXED);
  }

  // 0: it has no row.
  std::uint32_t number_of(std::uint32_t service, const IpAddress& server) const;
  struct Owner {
    std::uint32_t service = 0;
    IpAddress server;
  };
  std::optional<Owner> owner_of(std::uint32_t number) const;
  const std::map<std::uint32_t, Owner>& owners() const { return owners_; }

  struct Ring {
    std::uint32_t slots = 0;
    std::uint32_t changed = 0;                     // hands, so that their flows are remembered
    std::map<std::uint32_t, std::uint32_t> owned;  // by server's number
  };
  Ring ring_of(std::uint32_t service) const;

 private:
  void number_servers(const model::EdgeState& edge);

  std::unique_ptr<model::EdgeEngine> engine_;
  model::TableImage image_;
  model::RingReplays replays_;
  bool had_rows_ = false;
  std::map<std::uint32_t, Owner> owners_;
  std::map<std::pair<std::uint32_t, IpAddress>, std::uint32_t> numbers_;
};

}  // namespace fairlead::lb
