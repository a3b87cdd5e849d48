// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/daemon/tables.h"

#include "dataplane/model/diff.h"
#include "dataplane/model/edge/lower_edge.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/row_values.h"

namespace fairlead::lb {
namespace {

using model::TableId;

// Where a service's ring stands, by any of its rows.
fwd_edge_ring ring_in(const model::TableImage& image, std::uint32_t service) {
  for (const auto& [key, value] : image[TableId::edge_vips])
    for (const fwd_edge_vip& row : model::row_from<fwd_edge_vips>(value).row)
      if (row.ring.offset != 0 && row.service == service && !(row.flags & (FWD_VIP_RANGES | FWD_VIP_ADDRESS)))
        return row.ring;
  for (const auto& [key, value] : image[TableId::edge_ranges])
    if (const auto range = model::row_from<fwd_edge_range>(value); range.service == service)
      return range.ring;
  return {};
}

}  // namespace

Tables::Tables(std::unique_ptr<model::EdgeEngine> engine) : engine_(std::move(engine)) {
  image_ = engine_->memory().tables.image();
  had_rows_ = !image_[TableId::edge_vips].empty() || !image_[TableId::edge_owners].empty();
}

Result<std::size_t> Tables::publish(const model::ForwardingState& state) {
  FL_TRY(model::TableImage next, model::lower(state, image_, &replays_));
  const model::TablePatch patch = model::diff(image_, next);
  FL_TRY_OK(engine_->apply(patch));
  image_ = std::move(next);
  number_servers(state.edge);
  return patch.size();
}

void Tables::number_servers(const model::EdgeState& edge) {
  std::map<std::string, std::uint32_t> rows;
  for (const auto& [key, value] : image_[TableId::edge_owners])
    rows.emplace(std::string(value), model::row_from<std::uint32_t>(key));
  owners_.clear();
  numbers_.clear();
  for (const model::EdgeService& service : edge.services)
    for (const model::EdgeServer& server : service.servers)
      if (const auto row = rows.find(model::bytes_of(model::owner_of(service.number, server)));
          row != rows.end()) {
        owners_.emplace(row->second, Owner{service.number, server.address});
        numbers_.emplace(std::pair(service.number, server.address), row->second);
      }
}

std::uint32_t Tables::number_of(std::uint32_t service, const IpAddress& server) const {
  const auto found = numbers_.find({service, server});
  return found == numbers_.end() ? 0 : found->second;
}

std::optional<Tables::Owner> Tables::owner_of(std::uint32_t number) const {
  const auto found = owners_.find(number);
  if (found == owners_.end()) return std::nullopt;
  return found->second;
}

Tables::Ring Tables::ring_of(std::uint32_t service) const {
  const fwd_edge_ring ring = ring_in(image_, service);
  Ring told;
  told.slots = ring.size;
  for (std::uint32_t i = 0; i < ring.size; i += 2) {
    const auto row = image_[TableId::edge_rings].find(model::bytes_of((ring.offset + i) / 2));
    if (!row) continue;
    for (const fwd_edge_slot& slot : model::row_from<fwd_edge_slots>(*row).slot) {
      ++told.owned[slot.now];
      told.changed += slot.before != 0 ? 1 : 0;
    }
  }
  return told;
}

}  // namespace fairlead::lb
