// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/node/tables.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <random>
#include <span>

#include "base/hash.h"
#include "base/io/log.h"
#include "control/catalog/network.h"
#include "control/proto/convert.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"

namespace fairlead::agent {
namespace {

IpAddress address_of(const sockaddr& socket) {
  IpAddress address;
  if (socket.sa_family == AF_INET)
    return IpAddress::v4(ntohl(reinterpret_cast<const sockaddr_in&>(socket).sin_addr.s_addr));
  if (socket.sa_family == AF_INET6)
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(socket).sin6_addr, 16);
  return address;
}

// All addresses of a name, or of an address itself. None: it is asked for again at the next publication.
std::vector<IpAddress> addresses_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<IpAddress> addresses;
  if (const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); failed != 0) {
    log::warn("control's address is unknown, pods are not kept from its port",
              {{"host", host}, {"why", ::gai_strerror(failed)}});
    return addresses;
  }
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    if (const IpAddress address = address_of(*each->ai_addr);
        !address.is_none() && std::ranges::find(addresses, address) == addresses.end())
      addresses.push_back(address);
  ::freeaddrinfo(found);
  return addresses;
}

}  // namespace

Result<std::unique_ptr<Tables>> Tables::open(const runtime::NodePaths& paths, std::string control,
                                             std::uint16_t control_port) {
  ebpf::DataplaneOptions options;
  options.pins = ebpf::pin_folder(paths.cluster, paths.node);
  FL_TRY(auto dataplane, ebpf::NodeDataplane::open(options));
  std::unique_ptr<Tables> tables(new Tables(paths.node, std::move(dataplane)));
  FL_TRY_OK(tables->forget_lost_links(options.pins / "attached"));
  tables->control_ = std::move(control);
  tables->local_.control_port = control_port;
  tables->local_.node_seed = StableHash().add(paths.cluster).add(paths.node).value();
  return tables;
}

Result<ebpf::NodeNames> Tables::names() const {
  std::random_device chance;
  return ebpf::NodeNames::open(*dataplane_, std::uint64_t{chance()} << 32 | chance());
}

Tables::Tables(std::string node, std::unique_ptr<ebpf::NodeDataplane> dataplane)
    : node_(std::move(node)), dataplane_(std::move(dataplane)) {}

// A pin outlives its link when the link went while no agent ran.
Result<> Tables::forget_lost_links(const std::filesystem::path& pins) {
  std::vector<std::uint32_t> lost;
  std::error_code error;
  for (std::filesystem::directory_iterator it(pins, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    std::uint32_t index = 0;
    std::array<char, IF_NAMESIZE> link{};
    if (std::from_chars(name.data(), name.data() + name.size(), index).ec != std::errc{}) continue;
    if (::if_indextoname(index, link.data()) == nullptr) lost.push_back(index);
  }
  for (const std::uint32_t index : lost) FL_TRY_OK(dataplane_->detach(index));
  return {};
}

Result<> Tables::attach_uplink(std::uint32_t ifindex, std::uint32_t mtu) {
  const std::lock_guard lock(mutex_);
  FL_TRY_OK(dataplane_->attach_uplink(ifindex));
  local_.uplink_ifindex = ifindex;
  local_.uplink_mtu = mtu;
  return {};
}

void Tables::set_uplink_mtu(std::uint32_t mtu) {
  const std::lock_guard lock(mutex_);
  local_.uplink_mtu = mtu;
}

Result<> Tables::attach_host(const std::string& network, const forwarding::HostLink& link) {
  const std::lock_guard lock(mutex_);
  FL_TRY_OK(dataplane_->attach_pod(link.ifindex));
  local_.hosts[network] = link;
  return {};
}

Result<> Tables::detach_host(const std::string& network) {
  const std::lock_guard lock(mutex_);
  const auto found = local_.hosts.find(network);
  if (found == local_.hosts.end()) return {};
  FL_TRY_OK(dataplane_->detach(found->second.ifindex));
  local_.hosts.erase(found);
  return {};
}

Result<> Tables::attach(const PodUid& uid, const forwarding::PodLink& link) {
  const std::lock_guard lock(mutex_);
  FL_TRY_OK(dataplane_->attach_pod(link.ifindex));
  attached_[uid] = link;
  return {};
}

Result<> Tables::detach(const PodUid& uid, std::uint32_t ifindex) {
  const std::lock_guard lock(mutex_);
  const auto found = attached_.find(uid);
  if (found != attached_.end()) ifindex = found->second.ifindex;
  if (ifindex == 0) return {};
  FL_TRY_OK(dataplane_->detach(ifindex));
  attached_.erase(uid);
  return {};
}

Result<> Tables::publish(const Snapshot& snapshot, const std::set<PodUid>& links) {
  const std::lock_guard lock(mutex_);
  const bool first = !state_;
  const Result<> done = put(snapshot, links);
  note_refusal(done);
  if (done && first) sweep_first();
  return done;
}

Result<> Tables::put(const Snapshot& snapshot, const std::set<PodUid>& links) {
  local_.pods.clear();
  for (const PodUid& uid : links)
    if (const auto found = attached_.find(uid); found != attached_.end()) local_.pods.insert(*found);
  if (local_.control.empty()) local_.control = addresses_of(control_);
  FL_TRY(const forwarding::Compiled compiled, forwarding::compile(snapshot, node_, local_));
  if (compiled.left_out > 0)
    log::warn("objects that no table could hold were left out",
              {{"objects", std::to_string(compiled.left_out)}});
  counts_.failed_open = compiled.failed_open;
  counts_.without_backend = compiled.without_backend;
  counts_.left_out = compiled.left_out;
  FL_TRY_OK(apply(compiled.state));
  remember_addresses(snapshot, links);
  return {};
}

void Tables::remember_addresses(const Snapshot& snapshot, const std::set<PodUid>& links) {
  std::map<PodUid, Addresses> addresses;
  for (const auto& [name, pod] : snapshot.pods) {
    const auto network = network_of(snapshot, pod->network);
    if (network && links.contains(pod->meta.uid))
      addresses[pod->meta.uid] = {network->index, {pod->ipv4, pod->ipv6}};
  }
  for (const auto& [uid, old] : addresses_) {
    std::vector<IpAddress>& gone = gone_[old.network];
    if (!addresses.contains(uid)) gone.insert(gone.end(), old.all.begin(), old.all.end());
  }
  addresses_ = std::move(addresses);
}

// Most revisions change nothing that is forwarded: then there is nothing to lower.
Result<> Tables::apply(const model::ForwardingState& state) {
  if (image_ && state_ == state) return {};
  if (!image_) {
    FL_TRY(image_, dataplane_->read_image());
    note_levels(*image_);
  }
  const model::TableImage before = std::move(*image_);
  image_.reset();
  FL_TRY(model::TableImage after, model::lower(state, before));
  FL_TRY_OK(dataplane_->apply(model::diff(before, after)));
  FL_TRY_OK(dataplane_->finish_migration());
  note_levels(after);
  image_ = std::move(after);
  state_ = state;
  return {};
}

void Tables::note_levels(const model::TableImage& image) {
  for (std::size_t i = 0; i < model::kNodeTableCount; ++i) {
    proto::TableLevel& level = counts_.levels[model::kTables[i].name];
    level.used = image.rows[i].size();
    level.capacity = model::kTables[i].capacity;
  }
}

// A table without room is named by the error, whether the model or the kernel refused.
void Tables::note_refusal(const Result<>& published) {
  counts_.refusal = published ? "" : format(published.error());
  for (auto& [name, level] : counts_.levels) level.too_small = false;
  if (published || published.error().code != Code::exhausted) return;
  for (const model::TableInfo& table : std::span(model::kTables).first<model::kNodeTableCount>()) {
    if (published.error().object != model::object_of(table)) continue;
    proto::TableLevel& level = counts_.levels[table.name];
    level.too_small = true;
    ++level.refused;
  }
}

Result<> Tables::sweep() {
  const std::lock_guard lock(mutex_);
  if (!state_) return {};
  FL_TRY([[maybe_unused]] const std::uint32_t removed, sweep_flows());
  return {};
}

// Nobody took flows out while no agent ran, and nobody has counted them.
void Tables::sweep_first() {
  const Result<std::uint32_t> removed = sweep_flows();
  if (!removed) return log::warn("flows are not swept", {{"why", format(removed.error())}});
  if (*removed > 0)
    log::info("flows that ended while no agent ran are gone", {{"rows", std::to_string(*removed)}});
}

Result<std::uint32_t> Tables::sweep_flows() {
  gone_.try_emplace(1);  // idle flows are every network's
  ebpf::FlowCount count;
  std::uint32_t removed = 0;
  for (const auto& [network, addresses] : gone_) {
    FL_TRY(count, dataplane_->sweep_flows(network, addresses));
    removed += count.removed;
  }
  gone_.clear();
  counts_.levels["flows"] = {count.entries, count.capacity, 0};
  if (count.entries > count.capacity / 4 * 3)
    log::warn("the flow table is nearly full",
              {{"entries", std::to_string(count.entries)}, {"capacity", std::to_string(count.capacity)}});
  return removed;
}

Result<TableCounts> Tables::counts() {
  const std::lock_guard lock(mutex_);
  FL_TRY(const std::vector<ebpf::VerdictCount> verdicts, dataplane_->verdicts());
  TableCounts counts = counts_;
  for (const ebpf::VerdictCount& count : verdicts)
    if (count.drop && count.packets > 0) counts.drops[count.name] = count.packets;
  counts.handed_on = verdicts[FWD_HANDED_ON].packets;
  if (const auto flows = counts.levels.find("flows"); flows != counts.levels.end())
    flows->second.refused = verdicts[FWD_FLOW_TABLE_FULL].packets;
  return counts;
}

Result<std::string> Tables::drops() {
  const std::lock_guard lock(mutex_);
  FL_TRY(const std::vector<ebpf::VerdictCount> counts, dataplane_->verdicts());
  proto::DropList list;
  for (const ebpf::VerdictCount& count : counts)
    if (count.drop && count.packets > 0)
      list.drops.push_back({node_, count.name, count.packets, count.last_flow, count.meaning});
  std::ranges::sort(list.drops, [](const auto& a, const auto& b) {
    return std::pair(b.packets, a.reason) < std::pair(a.packets, b.reason);
  });
  return proto::to_json(list);
}

}  // namespace fairlead::agent
