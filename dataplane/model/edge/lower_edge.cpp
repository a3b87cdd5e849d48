// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/edge/lower_edge.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "dataplane/fwd/edge/way/ready.h"
#include "dataplane/model/row_values.h"

namespace fairlead::model {
namespace {

// Nobody's number in a slot whose owner of before is gone: a row that is never there.
constexpr std::uint16_t kNobody = FWD_EDGE_SERVERS - 1;
constexpr std::uint32_t kVipPairs = static_cast<std::uint32_t>(info(TableId::edge_vips).capacity);

const IpAddress& way_to(const EdgeServer& server) { return server.to.is_none() ? server.address : server.to; }

fwd_edge_server row_of(const EdgeService& service, const EdgeServer& server, const fwd_edge_config& config) {
  fwd_edge_server row{};
  row.service = service.number;
  row.flags = FWD_SERVER_LIVE;
  if (server.drained) row.flags |= FWD_SERVER_NO_NEW;
  row.delivery = static_cast<__u8>(server.delivery);
  row.link = server.link;
  row.to = row_address(way_to(server));
  row.mtu = server.mtu;
  row.vni = server.vni;
  row.port_be = to_be16(server.port);
  const fwd_ready_macs macs{server.next_hop.bytes.data(), server.own.bytes.data(), server.inner.bytes.data()};
  fwd_ready(&row, &config, &macs, server.epoch);
  return row;
}

// What one flow costs when `flows` of them are paid off in a second; rounded up.
std::uint64_t cost_of(std::uint32_t flows, unsigned shift) {
  if (flows == 0) return 0;
  return ((std::uint64_t{FWD_BEATS_PER_SECOND} << shift) + flows - 1) / flows;
}
// A tenth of a second's flows at once, and a few where they are few.
std::uint32_t burst_of(std::uint32_t flows) { return std::max(flows / 10, 8U); }

fwd_edge_limit row_of(const EdgeLimits& limits) {
  fwd_edge_limit row{};
  row.cost = cost_of(limits.flows, FWD_DEBT_SHIFT);
  row.burst = row.cost * (burst_of(limits.flows) - 1);
  row.source_cost = static_cast<__u32>(cost_of(limits.source_flows, FWD_SOURCE_SHIFT));
  row.source_burst = row.source_cost * (burst_of(limits.source_flows) - 1);
  row.mask4 = to_be32(~std::uint32_t{0} << (32 - limits.prefix4));
  const std::uint64_t mask6 = ~std::uint64_t{0} << (64 - limits.prefix6);
  const fwd_addr first{
      {to_be32(static_cast<std::uint32_t>(mask6 >> 32)), to_be32(static_cast<std::uint32_t>(mask6)), 0, 0}};
  row.mask6 = fwd_addr_high(&first);
  return row;
}

std::unexpected<Error> full(TableId table, const std::string& what) {
  return fail(Code::exhausted, object_of(info(table)), "has no room for " + what,
              "forward fewer services or servers on this edge");
}

// Numbers of servers: a known one keeps its own, a new one gets one that `previous` does not have.
class ServerPlaces {
 public:
  explicit ServerPlaces(const TableImage& previous) {
    for (const auto& [key, value] : previous[TableId::edge_owners]) {
      const auto number = row_from<__u32>(key);
      known_.emplace(std::string(value), number);
      taken_.insert(number);
      next_ = std::max(next_, number + 1);
    }
  }

  Result<std::uint16_t> place(const fwd_edge_owner& owner) {
    std::uint32_t number = 0;
    if (const auto known = known_.find(bytes_of(owner)); known != known_.end()) {
      number = known->second;
    } else {
      FL_TRY(number, free_number());
    }
    return static_cast<std::uint16_t>(number);
  }

 private:
  Result<std::uint32_t> free_number() {
    for (std::uint32_t tried = 0; tried < kNobody; ++tried, ++next_) {
      const std::uint32_t number = 1 + (next_ - 1) % (kNobody - 1);
      if (taken_.insert(number).second) return number;
    }
    return full(TableId::edge_servers, "one more server");
  }

  std::map<std::string, std::uint32_t> known_;  // by their rows of owners
  std::set<std::uint32_t> taken_;
  std::uint32_t next_ = 1;
};

// Slices of a flat array that `previous` does not use.
class Slices {
 public:
  Slices(TableId table, std::map<std::uint32_t, std::uint32_t> used)
      : table_(table), used_(std::move(used)) {}

  // `first` is not 0, which says that a row is not there; sizes of slots are even.
  Result<std::uint32_t> place(std::uint32_t size, std::uint32_t first, std::size_t capacity) {
    std::uint32_t at = first;
    for (const auto& [begin, length] : used_) {
      if (begin >= at + size) break;
      at = std::max(at, begin + length);
    }
    if (at + size > capacity) return full(table_, std::to_string(size) + " slots in one piece");
    used_.emplace(at, size);
    return at;
  }

 private:
  TableId table_;
  std::map<std::uint32_t, std::uint32_t> used_;  // begin -> length
};

struct VipName {
  fwd_addr address{};
  __be16 port_be = 0;
  __u8 protocol = 0;
};

bool is_there(const fwd_edge_vip& row) { return row.ring.offset != 0; }

// What `previous` has: every row of vips, and which slices its rings and ranges take.
struct OldVips {
  explicit OldVips(const TableImage& previous) {
    for (const auto& [key, value] : previous[TableId::edge_ranges]) {
      const auto range = row_from<fwd_edge_range>(value);
      ranges.emplace(row_from<__u32>(key), range);
      add_ring(range.service, range.ring);
    }
    for (const auto& [key, value] : previous[TableId::edge_vips]) {
      const auto& pair = pairs.emplace(row_from<__u32>(key), row_from<fwd_edge_vips>(value)).first->second;
      for (const fwd_edge_vip& row : pair.row)
        if (is_there(row) && row.flags & FWD_VIP_RANGES)
          range_slices.emplace(row.ring.offset, row.ring.size);
        else if (is_there(row) && !(row.flags & FWD_VIP_ADDRESS))
          add_ring(row.service, row.ring);
    }
  }

  fwd_edge_vip row(std::uint32_t pair, std::size_t i) const {
    const auto found = pairs.find(pair);
    return found == pairs.end() ? fwd_edge_vip{} : found->second.row[i];
  }

  bool holds(std::uint32_t offset, const std::vector<fwd_edge_range>& wanted) const {
    for (std::uint32_t i = 0; i < wanted.size(); ++i)
      if (const auto found = ranges.find(offset + i);
          found == ranges.end() || bytes_of(found->second) != bytes_of(wanted[i]))
        return false;
    return true;
  }

  std::map<std::uint32_t, fwd_edge_vips> pairs;
  std::map<std::uint32_t, fwd_edge_range> ranges;
  std::map<std::uint32_t, fwd_edge_ring> rings;  // by service
  std::map<std::uint32_t, std::uint32_t> ring_slices, range_slices;

 private:
  void add_ring(std::uint32_t service, const fwd_edge_ring& ring) {
    if (ring.size == 0) return;
    ring_slices.emplace(ring.offset, ring.size);
    rings.insert_or_assign(service, ring);
  }
};

class EdgeLowering {
 public:
  EdgeLowering(const ForwardingState& state, const TableImage& previous, TableImage& image,
               RingReplays& replays)
      : edge_(state.edge),
        replays_(replays),
        seed_(state.self.cluster_seed),
        image_(image),
        old_(previous),
        servers_(previous),
        rings_(TableId::edge_rings, old_.ring_slices),
        ranges_(TableId::edge_ranges, old_.range_slices) {}

  Result<> run(const MacAddress& gateway) {
    config(gateway);
    for (const EdgeService& service : edge_.services) FL_TRY_OK(lower(service));
    for (const auto& [name, ranges] : ranges_of_) FL_TRY_OK(add_ranges(name, ranges));
    for (const auto& [name, whole] : whole_)
      if (!ranges_of_.contains(name))
        FL_TRY_OK(add({row_address(name.first), 0, name.second}, whole, FWD_VIP_ADDRESSES));
    for (const IpAddress& address : addresses_)
      FL_TRY_OK(add({row_address(address), 0, 0}, {{1, 0}, 0}, FWD_VIP_ADDRESS));
    for (const auto& [pair, rows] : vips_)  // those that were only looked into are empty
      if (is_there(rows.row[0]) || is_there(rows.row[1])) put(image_, TableId::edge_vips, __u32{pair}, rows);
    return {};
  }

 private:
  void config(const MacAddress& gateway) {
    config_.seed = seed_;
    config_.own4 = row_address(edge_.self.own4);
    config_.own6 = row_address(edge_.self.own6);
    config_.vip_mask = kVipPairs - 1;
    config_.flow_mask = edge_.self.flows / FWD_BUCKET_FLOWS - 1;
    config_.vxlan_port_be = to_be16(edge_.self.vxlan_port);
    config_.gue_port_be = to_be16(edge_.self.gue_port);
    copy_mac(gateway, config_.gateway_mac);
    config_.nat = std::ranges::any_of(edge_.services, [](const EdgeService& service) {
      return std::ranges::count(service.servers, Delivery::nat, &EdgeServer::delivery) > 0;
    });
    put(image_, TableId::edge_config, __u32{0}, config_);
  }

  Result<> lower(const EdgeService& service) {
    if (service.limits.any())
      put(image_, TableId::edge_limits, __u32{service.number}, row_of(service.limits));
    FL_TRY(const fwd_edge_ring ring, lower_ring(service));
    for (const IpAddress& address : service.addresses) {
      addresses_.insert(address);
      for (const EdgePorts& ports : service.ports) FL_TRY_OK(lower_ports(service, address, ports, ring));
    }
    return {};
  }

  Result<> lower_ports(const EdgeService& service, const IpAddress& address, const EdgePorts& ports,
                       const fwd_edge_ring& ring) {
    const __u8 flags = flags_of(service);
    if (service.affinity == Affinity::addresses)
      whole_.insert_or_assign({address, ports.protocol}, Target{ring, service.number});
    if (ports.first == ports.last)
      return add({row_address(address), to_be16(ports.first), ports.protocol}, {ring, service.number}, flags);
    ranges_of_[{address, ports.protocol}].push_back(
        {ring, service.number, ports.first, ports.last, flags, 0});
    return {};
  }

  static __u8 flags_of(const EdgeService& service) {
    unsigned flags = service.all_flows ? FWD_VIP_ALL_FLOWS : 0;
    if (service.limits.any()) flags |= FWD_VIP_LIMITED | FWD_VIP_ALL_FLOWS;
    if (service.affinity == Affinity::source) flags |= FWD_VIP_SOURCE;
    if (service.affinity == Affinity::addresses) flags |= FWD_VIP_ADDRESSES;
    return static_cast<__u8>(flags);
  }

  // The numbers of a service's servers, by the address that the ring knows.
  Result<std::map<IpAddress, std::uint16_t>> place_servers(const EdgeService& service) {
    std::map<IpAddress, std::uint16_t> numbers;
    for (const EdgeServer& server : service.servers) {
      FL_TRY(numbers[server.address], servers_.place(owner_of(service.number, server)));
    }
    return numbers;
  }

  Result<fwd_edge_ring> lower_ring(const EdgeService& service) {
    FL_TRY(const auto numbers, place_servers(service));
    const auto number_of = [&](const std::vector<IpAddress>& members, std::uint32_t member) {
      const auto found = numbers.find(members[member]);
      return found == numbers.end() ? kNobody : found->second;
    };
    const RingGenerations& ring =
        replays_[service.number].to(service.base, service.history, service.settled, seed_);
    const auto size = static_cast<__u32>(ring.now.slots.size());
    if (size == 0) {
      put_servers(service, numbers, {});
      return fwd_edge_ring{1, 0};
    }
    FL_TRY(const std::uint32_t offset, ring_place(service, size));
    const auto slot_of = [&](std::uint32_t i) {
      fwd_edge_slot slot{};
      if (ring.now.slots[i] != kNoMember) slot.now = number_of(ring.now.members, ring.now.slots[i]);
      if (ring.before[i] == kGone)
        slot.before = kNobody;
      else if (ring.before[i] != kNoMember)
        slot.before = number_of(ring.before_members, ring.before[i]);
      return slot;
    };
    std::set<std::uint16_t> gave;
    for (std::uint32_t i = 0; i < size; i += 2) {
      const fwd_edge_slots row{{slot_of(i), slot_of(i + 1)}};
      put(image_, TableId::edge_rings, __u32{(offset + i) / 2}, row);
      for (const fwd_edge_slot& slot : row.slot)
        if (slot.before != 0 && slot.before != slot.now) gave.insert(slot.before);
    }
    put_servers(service, numbers, gave);
    return fwd_edge_ring{offset, size};
  }

  // `gave`: who had slots that others have now. Nodes hand on what such a one does not know.
  void put_servers(const EdgeService& service, const std::map<IpAddress, std::uint16_t>& numbers,
                   const std::set<std::uint16_t>& gave) {
    for (const EdgeServer& server : service.servers) {
      const std::uint16_t number = numbers.at(server.address);
      fwd_edge_server row = row_of(service, server, config_);
      if (server.delivery == Delivery::vxlan && gave.contains(number)) row.flags |= FWD_SERVER_GAVE;
      put(image_, TableId::edge_owners, __u32{number}, owner_of(service.number, server));
      put(image_, TableId::edge_servers, __u32{number}, row);
    }
  }

  // Where it stands already, as long as it has the same size.
  Result<std::uint32_t> ring_place(const EdgeService& service, std::uint32_t size) {
    const auto known = old_.rings.find(service.number);
    if (known != old_.rings.end() && known->second.size == size) return known->second.offset;
    return rings_.place(size, 2, 2 * info(TableId::edge_rings).capacity);
  }

  struct Target {
    fwd_edge_ring ring;
    std::uint32_t service;
  };
  using RangesName = std::pair<IpAddress, std::uint8_t>;

  static bool is_named(const fwd_edge_vip& row, const VipName& name) {
    return is_there(row) && row.port_be == name.port_be && row.proto == name.protocol &&
           fwd_addr_equal(&row.addr, &name.address);
  }

  // Where the row stands in the image of before, else a place that is free there and here.
  Result<fwd_edge_vip*> vip_place(const VipName& name) {
    const std::uint64_t hash = fwd_vip_hash(seed_, &name.address, name.port_be, name.protocol);
    const std::uint32_t pairs[] = {static_cast<std::uint32_t>(hash) & (kVipPairs - 1),
                                   static_cast<std::uint32_t>(hash >> 32) & (kVipPairs - 1)};
    for (const bool known : {true, false})
      for (const std::uint32_t pair : pairs)
        for (std::size_t i = 0; i < 2; ++i) {
          const fwd_edge_vip was = old_.row(pair, i);
          fwd_edge_vip& now = vips_[pair].row[i];
          if (is_named(now, name))
            return fail(Code::invalid, "edge", "an address, port and protocol stand twice", "");
          if (!is_there(now) && (known ? is_named(was, name) : !is_there(was))) return &now;
        }
    return full(TableId::edge_vips, "one more port of a service");
  }

  Result<> add(const VipName& name, const Target& target, __u8 flags) {
    FL_TRY(fwd_edge_vip* const row, vip_place(name));
    *row = {target.ring, target.service, name.port_be, name.protocol, flags, name.address};
    return {};
  }

  // Of one address and protocol, whatever their services: one row names them all.
  Result<> add_ranges(const RangesName& name, const std::vector<fwd_edge_range>& ranges) {
    const VipName vip{row_address(name.first), 0, name.second};
    FL_TRY(const std::uint32_t offset, ranges_place(vip, ranges));
    for (std::uint32_t i = 0; i < ranges.size(); ++i)
      put(image_, TableId::edge_ranges, __u32{offset + i}, ranges[i]);
    const __u32 whole = whole_.contains(name) ? FWD_VIP_ADDRESSES : 0;
    return add(vip, {{offset, static_cast<__u32>(ranges.size())}, 0},
               static_cast<__u8>(FWD_VIP_RANGES | whole));
  }

  // Where they stand already, as long as they are the same.
  Result<std::uint32_t> ranges_place(const VipName& name, const std::vector<fwd_edge_range>& ranges) {
    for (const auto& [pair, rows] : old_.pairs)
      for (const fwd_edge_vip& row : rows.row)
        if (is_named(row, name) && row.ring.size == ranges.size() && old_.holds(row.ring.offset, ranges))
          return row.ring.offset;
    return ranges_.place(static_cast<std::uint32_t>(ranges.size()), 1, info(TableId::edge_ranges).capacity);
  }

  const EdgeState& edge_;
  RingReplays& replays_;
  std::uint64_t seed_;
  TableImage& image_;
  fwd_edge_config config_{};
  OldVips old_;
  ServerPlaces servers_;
  Slices rings_;
  Slices ranges_;
  std::map<RangesName, std::vector<fwd_edge_range>> ranges_of_;
  std::map<RangesName, Target> whole_;  // who has an address and protocol alone, and hashes addresses
  std::set<IpAddress> addresses_;
  std::map<std::uint32_t, fwd_edge_vips> vips_;
};

}  // namespace

fwd_edge_owner owner_of(std::uint32_t service, const EdgeServer& server) {
  fwd_edge_owner owner{};
  owner.service = service;
  owner.vni = server.vni;
  owner.to = row_address(way_to(server));
  copy_mac(server.inner, owner.inner_mac);
  owner.delivery = static_cast<__u8>(server.delivery);
  owner.port_be = to_be16(server.port);
  return owner;
}

Result<> lower_edge(const ForwardingState& state, const TableImage& previous, TableImage& image,
                    RingReplays& replays) {
  if (state.edge.services.empty()) return {};
  std::erase_if(replays, [&](const auto& replay) {
    return std::ranges::find(state.edge.services, replay.first, &EdgeService::number) ==
           state.edge.services.end();
  });
  return EdgeLowering(state, previous, image, replays).run(state.self.gateway_mac);
}

}  // namespace fairlead::model
