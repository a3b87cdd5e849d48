// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/lower.h"

#include <algorithm>
#include <map>
#include <utility>

#include "dataplane/model/edge/lower_edge.h"
#include "dataplane/model/ring/maglev.h"
#include "dataplane/model/row_values.h"
#include "dataplane/model/validate.h"

namespace fairlead::model {
namespace {

// The node itself speaks to pods from its own endpoint's addresses.
// Of several, the one in the network of the lowest index: the default.
void lower_host(const std::vector<Link>& links, fwd_config& row) {
  const Link* host = nullptr;
  for (const Link& link : links)
    if (link.host && (host == nullptr || link.network < host->network)) host = &link;
  if (host == nullptr) return;
  row.host_net = host->network;
  row.host4 = row_address(host->ipv4);
  row.host6 = row_address(host->ipv6);
}

void lower_self(const ForwardingState& state, TableImage& image) {
  const Self& self = state.self;
  fwd_config row{};
  row.cluster_seed = self.cluster_seed;
  row.node_seed = self.node_seed;
  row.vtep = row_address(self.vtep);
  row.uplink_ifindex = self.uplink_ifindex;
  row.vtep_number = self.number;
  row.vxlan_port_be = to_be16(self.vxlan_port);
  row.control_port_be = to_be16(self.control_port);
  copy_mac(self.gateway_mac, row.gateway_mac);
  const auto native = [](const NetworkRow& network) { return network.mode == NetworkMode::native; };
  if (std::ranges::any_of(state.networks, native)) row.flags |= FWD_CONFIG_NATIVE;
  lower_host(state.links, row);
  put(image, TableId::config, __u32{0}, row);
}

// Bytes of an IP packet on the way to a node: what both uplinks take. 0: any.
std::uint32_t way_mtu(const Self& self, const Vtep& to) {
  if (self.uplink_mtu == 0 || to.mtu == 0) return std::max(self.uplink_mtu, to.mtu);
  return std::min(self.uplink_mtu, to.mtu);
}

void lower_network(const Self& self, const NetworkRow& network, const std::vector<IpAddress>& control,
                   TableImage& image) {
  const bool native = network.mode == NetworkMode::native;
  put(image, TableId::networks, fwd_vni_key{network.vni},
      fwd_network{network.index, pod_mtu(self.uplink_mtu, self.vtep.family(), network.mtu, network.mode),
                  native ? FWD_NETWORK_NATIVE : 0});
  for (const Prefix& prefix : network.prefixes) {
    const fwd_route_key key{32U + prefix.length128(), to_be32(network.index), row_address(prefix.address)};
    put(image, TableId::routes, key, fwd_route{FWD_ROUTE_CLUSTER, network.index});
    if (!native) continue;
    const fwd_route_key outside{key.prefixlen, 0, key.addr};
    put(image, TableId::routes, outside, fwd_route{FWD_ROUTE_NATIVE, network.index});
  }
  for (const IpAddress& address : control) {
    const fwd_route_key key{32U + 128U, to_be32(network.index), row_address(address)};
    put(image, TableId::routes, key, fwd_route{FWD_ROUTE_CONTROL, network.index});
  }
}

void lower_vtep(const Self& self, const Vtep& vtep, TableImage& image) {
  const __u32 flags = FWD_VTEP_VALID | (vtep.fairlead ? FWD_VTEP_FAIRLEAD : 0);
  put(image, TableId::vteps, __u32{vtep.number},
      fwd_vtep{row_address(vtep.address), flags, way_mtu(self, vtep)});
  put(image, TableId::vtep_numbers, row_address(vtep.address), fwd_vtep_number{vtep.number, flags});
}

using Epochs = std::map<std::pair<std::uint32_t, IpAddress>, std::uint32_t>;

// A pod's two addresses have one epoch.
std::uint32_t epoch_of(const Link& link, const Epochs& epochs) {
  for (const IpAddress& address : {link.ipv4, link.ipv6})
    if (const auto found = epochs.find({link.network, address}); found != epochs.end()) return found->second;
  return 0;
}

void lower_link(const Self& self, const Link& link, const NetworkRow& network, const Epochs& epochs,
                TableImage& image) {
  fwd_link row{};
  row.net = link.network;
  row.vni = network.vni;
  row.identity = link.identity;
  row.mtu = pod_mtu(self.uplink_mtu, self.vtep.family(), network.mtu, network.mode);
  row.epoch = epoch_of(link, epochs);
  if (link.host) row.flags |= FWD_LINK_HOST;
  if (network.mode == NetworkMode::native) row.flags |= FWD_LINK_NATIVE;
  copy_mac(link.mac, row.mac);
  row.addr4 = row_address(link.ipv4);
  row.addr6 = row_address(link.ipv6);
  row.extra4 = row_address(link.extra4);
  row.extra6 = row_address(link.extra6);
  put(image, TableId::links, fwd_link_key{link.ifindex}, row);
}

// A remote pod's MAC is known to its own node alone, which sets it on delivery: until then the frame inside
// the tunnel goes to the gateway that every pod has.
void lower_endpoint(const Endpoint& endpoint, const MacAddress& gateway, TableImage& image) {
  fwd_endpoint row{};
  row.vtep = endpoint.vtep;
  row.ifindex = endpoint.ifindex;
  row.identity = endpoint.identity;
  row.epoch = endpoint.epoch;
  if (endpoint.ifindex != 0) row.flags |= FWD_ENDPOINT_LOCAL;
  if (endpoint.host) row.flags |= FWD_ENDPOINT_HOST;
  copy_mac(endpoint.mac == MacAddress{} ? gateway : endpoint.mac, row.mac);
  put(image, TableId::endpoints, fwd_endpoint_key{endpoint.network, row_address(endpoint.address)}, row);
}

// The number that marks this image's new rows: above every one that `previous` holds.
std::uint32_t next_generation(const TableImage& previous) {
  std::uint32_t newest = 0;
  for (const auto& [key, value] : previous[TableId::services])
    newest = std::max(newest, row_from<fwd_service>(value).generation);
  for (const auto& [key, value] : previous[TableId::backends])
    newest = std::max(newest, row_from<fwd_backend>(value).generation);
  return newest + 1;
}

// Gives backends their index. A known one keeps its row, byte for byte.
class BackendPlaces {
 public:
  BackendPlaces(const TableImage& previous, std::uint32_t generation)
      : generation_(generation), taken_(info(TableId::backends).capacity) {
    taken_[0] = true;
    std::pair<std::uint32_t, std::uint32_t> newest;  // generation, index
    for (const auto& [key, value] : previous[TableId::backends]) {
      const auto index = row_from<__u32>(key);
      const auto row = row_from<fwd_backend>(value);
      if (index == 0 || index >= taken_.size()) continue;
      taken_[index] = true;
      newest = std::max(newest, {row.generation, index});
      if (row.flags == 0) known_.emplace(name_of(row), std::pair(index, std::string(value)));
    }
    next_ = newest.second + 1;
  }

  Result<std::uint32_t> place(const Backend& backend, TableImage& image) {
    fwd_backend row{row_address(backend.address), to_be16(backend.port), 0, generation_};
    auto known = known_.find(name_of(row));
    if (known == known_.end()) {
      FL_TRY(const std::uint32_t index, free_index());
      known = known_.emplace(name_of(row), std::pair(index, bytes_of(row))).first;
    }
    const auto& [index, bytes] = known->second;
    image[TableId::backends].append(bytes_of(index), bytes);
    return index;
  }

 private:
  // What a backend is known by: its row up to the port.
  static std::string name_of(const fwd_backend& row) { return bytes_of(row.addr) + bytes_of(row.port_be); }

  Result<std::uint32_t> free_index() {
    for (std::size_t tried = 0; tried < taken_.size(); ++tried) {
      const std::uint32_t index = next_++ % static_cast<std::uint32_t>(taken_.size());
      if (taken_[index]) continue;
      taken_[index] = true;
      return index;
    }
    return fail(Code::exhausted, object_of(info(TableId::backends)),
                "has no free row beside those in use until now", "remove backends first, then add");
  }

  std::uint32_t generation_;
  std::vector<bool> taken_;
  std::uint32_t next_ = 1;
  std::map<std::string, std::pair<std::uint32_t, std::string>> known_;
};

// Gives rings their slice, from the places where `previous` has no slot, and keeps what is written. There may
// be a million slots: sorted lists, not a look-up for each.
class RingPlaces {
 public:
  explicit RingPlaces(const TableImage& previous) {
    const auto capacity = static_cast<std::uint32_t>(info(TableId::rings).capacity);
    for (const auto& [key, value] : previous[TableId::rings])
      if (const auto slot = row_from<__u32>(key); slot < capacity)
        old_.push_back({slot, row_from<fwd_ring_slot>(value).backend});
    std::ranges::sort(old_);  // the rows stand in the order of their keys' bytes
    std::uint32_t begin = 0;
    for (const auto& [slot, backend] : old_) {
      if (slot > begin) free_.emplace(begin, slot);
      begin = slot + 1;
    }
    if (begin < capacity) free_.emplace(begin, capacity);
    std::pair<std::uint32_t, std::uint32_t> newest;  // generation, end of its slice
    for (const auto& [key, value] : previous[TableId::services]) {
      const auto row = row_from<fwd_service>(value);
      const std::uint32_t end = row.ring_offset + row.ring_size;
      if (row.ring_size > 0 && end > row.ring_offset && end <= capacity)
        newest = std::max(newest, {row.generation, end});
    }
    next_ = newest.second;
  }

  // Whether this row's slice was and is this ring.
  bool holds(const fwd_service& row, const std::vector<std::uint32_t>& ring) const {
    if (row.ring_size != ring.size() || row.flags != 0) return false;
    auto slot = std::ranges::lower_bound(old_, row.ring_offset, {}, &Slot::first);
    for (std::uint32_t i = 0; i < row.ring_size; ++i, ++slot)
      if (slot == old_.end() || *slot != Slot{row.ring_offset + i, ring[i]}) return false;
    return true;
  }

  static void write(const fwd_service& row, const std::vector<std::uint32_t>& ring, TableImage& image) {
    for (std::uint32_t i = 0; i < row.ring_size; ++i)
      put(image, TableId::rings, __u32{row.ring_offset + i}, fwd_ring_slot{ring[i]});
  }

  // The first room behind the newest slice, else the first from the beginning.
  Result<std::uint32_t> place(std::uint32_t size) {
    auto room = free_.upper_bound(next_);
    if (room != free_.begin()) --room;  // may begin before next_ and reach beyond
    for (; room != free_.end(); ++room)
      if (const std::uint32_t at = std::max(room->first, next_); room->second >= at + size)
        return take(room, at, size);
    for (room = free_.begin(); room != free_.end(); ++room)
      if (room->second - room->first >= size) return take(room, room->first, size);
    return fail(Code::exhausted, object_of(info(TableId::rings)),
                "has no " + std::to_string(size) + " free slots in one piece",
                "remove services or backends first, then add");
  }

 private:
  using Slot = std::pair<std::uint32_t, std::uint32_t>;  // its number, its backend
  using Free = std::map<std::uint32_t, std::uint32_t>;   // begin -> end

  std::uint32_t take(Free::iterator room, std::uint32_t at, std::uint32_t size) {
    const auto [begin, end] = *room;
    free_.erase(room);
    if (at > begin) free_.emplace(begin, at);
    next_ = at + size;
    if (next_ < end) free_.emplace(next_, end);
    return at;
  }

  std::vector<Slot> old_;
  Free free_;
  std::uint32_t next_ = 0;
};

class ServiceLowering {
 public:
  ServiceLowering(const TableImage& previous, std::uint64_t seed, TableImage& image)
      : previous_(previous),
        image_(image),
        seed_(seed),
        generation_(next_generation(previous)),
        backends_(previous, generation_),
        rings_(previous) {}

  Result<> lower(const ServiceRow& service) {
    fwd_endpoint vip{};
    vip.flags = FWD_ENDPOINT_VIP;
    put(image_, TableId::endpoints, fwd_endpoint_key{service.network, row_address(service.vip)}, vip);
    for (const ServicePortRow& port : service.ports) {
      fwd_service_key key{service.network, row_address(service.vip), to_be16(port.port), port.protocol, 0};
      FL_TRY(const std::vector<std::uint32_t> ring, ring_of(port));
      FL_TRY(const fwd_service row, row_of(bytes_of(key), ring));
      put(image_, TableId::services, key, row);
      RingPlaces::write(row, ring, image_);
      if (port.edge) lower_targets(service, port);
    }
    return {};
  }

 private:
  // Slots as indices of the table backends.
  Result<std::vector<std::uint32_t>> ring_of(const ServicePortRow& port) {
    std::vector<std::uint32_t> places;
    std::vector<Backend> taking;
    std::ranges::copy_if(port.backends, std::back_inserter(taking),
                         [](const Backend& backend) { return backend.weight > 0; });
    for (const Backend& backend : taking) {
      FL_TRY(const std::uint32_t index, backends_.place(backend, image_));
      places.push_back(index);
    }
    std::vector<std::uint32_t> ring = maglev_ring(taking, seed_);
    for (std::uint32_t& slot : ring) slot = places[slot];
    return ring;
  }

  void lower_targets(const ServiceRow& service, const ServicePortRow& port) {
    for (const Backend& backend : port.backends) {
      if (backend.mac == MacAddress{}) continue;
      fwd_target_key key{
          service.network, row_address(service.vip), to_be16(port.port), port.protocol, 0, {}, {}};
      copy_mac(backend.mac, key.mac);
      put(image_, TableId::targets, key, fwd_target{row_address(backend.address), to_be16(backend.port), {}});
    }
  }

  Result<fwd_service> row_of(const std::string& key, const std::vector<std::uint32_t>& ring) {
    const Rows& services = previous_[TableId::services];
    if (const auto known = services.find(key)) {
      const auto row = row_from<fwd_service>(*known);
      if (rings_.holds(row, ring)) return row;
    }
    fwd_service row{0, static_cast<__u32>(ring.size()), generation_, 0};
    if (!ring.empty()) {
      FL_TRY(row.ring_offset, rings_.place(row.ring_size));
    }
    return row;
  }

  const TableImage& previous_;
  TableImage& image_;
  std::uint64_t seed_;
  std::uint32_t generation_;
  BackendPlaces backends_;
  RingPlaces rings_;
};

}  // namespace

Result<TableImage> lower(const ForwardingState& state, const TableImage& previous, RingReplays* replays) {
  FL_TRY_OK(validate(state));
  TableImage image;
  lower_self(state, image);
  std::map<std::uint32_t, const NetworkRow*> networks;
  for (const NetworkRow& network : state.networks) {
    lower_network(state.self, network, state.control, image);
    networks[network.index] = &network;
  }
  for (const Vtep& vtep : state.vteps) lower_vtep(state.self, vtep, image);
  ServiceLowering services(previous, state.self.cluster_seed, image);
  for (const ServiceRow& service : state.services) {
    FL_TRY_OK(services.lower(service));
  }
  Epochs epochs;
  for (const Endpoint& endpoint : state.endpoints) {
    lower_endpoint(endpoint, state.self.gateway_mac, image);
    if (endpoint.ifindex != 0) epochs.emplace(std::pair(endpoint.network, endpoint.address), endpoint.epoch);
  }
  for (const Link& link : state.links)
    lower_link(state.self, link, *networks.at(link.network), epochs, image);
  RingReplays anew;
  FL_TRY_OK(lower_edge(state, previous, image, replays != nullptr ? *replays : anew));
  for (Rows& rows : image.rows) rows.settle();
  return image;
}

}  // namespace fairlead::model
