// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/names/name_publisher.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

namespace fairlead::model {
namespace {

constexpr std::size_t kRestsAtMost = FWD_DNS_SLAB_CELLS;  // replaced cells that wait for a barrier

template <class T>
void store(T& to, T value) {
  std::atomic_ref(to).store(value, std::memory_order_release);
}

std::uint64_t seed_of(fwd_dns_switch& row, std::uint64_t seed) {
  if (row.seed == 0) store(row.seed, __u64{seed | 1});
  return row.seed;
}

std::uint64_t word_of(const fwd_dns_zone& zone) { return std::bit_cast<std::uint64_t>(zone); }

}  // namespace

NamePublisher::NamePublisher(NameMemory memory, std::uint64_t seed, std::size_t most,
                             std::function<void()> barrier)
    : memory_(memory),
      table_(memory.buckets, memory.slabs, seed_of(memory.row, seed)),
      most_(most),
      barrier_(std::move(barrier)) {
  table_.each_entry(
      [this](std::string_view entry) { known_[net_of(entry)][std::string(name_of(entry))] = 0; });
  if (table_.names() == 0) std::ranges::fill(memory_.views, fwd_dns_view{});  // nothing that they lead to
}

void NamePublisher::settle() {
  barrier_();
  table_.reuse();
}

bool NamePublisher::put(std::string_view entry, bool fresh) {
  if (fresh && table_.names() >= most_) return false;
  if (table_.put(entry)) return true;
  if (!table_.rests()) return false;
  settle();
  return table_.put(entry);
}

void NamePublisher::set_flags(fwd_dns_view& row, std::uint32_t flags) { store(row.flags, __u32{flags}); }

Published NamePublisher::publish(const NetworkNames& network) {
  const std::uint32_t net = network.view.net;
  fwd_dns_view& row = memory_.views[net % memory_.views.size()];
  if (row.net != 0 && row.net != net) return {0, network.entries.size()};
  Known& known = known_[net];
  Published published;
  ++round_;
  for (const std::string_view entry : network.entries) {
    const std::string_view name = name_of(entry);
    const std::string_view stands = table_.entry_of(net, name);
    if (stands != entry && !put(entry, stands.empty())) {
      set_flags(row, row.flags & ~FWD_DNS_COMPLETE);  // before the old one goes
      table_.erase(net, name);
      ++published.left_out;
      continue;
    }
    known.insert_or_assign(std::string(name), round_);
    ++published.names;
  }
  write_view(row, network, published.left_out == 0);
  std::erase_if(known, [&](const auto& one) {
    if (one.second == round_) return false;
    table_.erase(net, one.first);
    return true;
  });
  if (table_.cells_resting() > kRestsAtMost) settle();
  return published;
}

// Zones in another order, or others, are no one store: until they stand, nobody is absent for certain.
void NamePublisher::write_view(fwd_dns_view& row, const NetworkNames& network, bool complete) {
  fwd_dns_view next = network.view;
  for (std::size_t i = 0; i < network.apexes.size() && i < FWD_DNS_ZONES; ++i) {
    const NetworkNames::Apex& apex = network.apexes[i];
    next.zones[i] = {table_.cell_of(network.view.net, apex.name), static_cast<__u16>(apex.name.size()),
                     apex.flags};
  }
  const bool same =
      std::ranges::equal(row.zones, next.zones, [](const fwd_dns_zone& a, const fwd_dns_zone& b) {
        return a.name_length == b.name_length && a.flags == b.flags;
      });
  if (!same && row.net != 0) {
    set_flags(row, row.flags & ~FWD_DNS_COMPLETE);
  }
  for (std::size_t i = 0; i < FWD_DNS_ZONES; ++i)
    store(reinterpret_cast<__u64&>(row.zones[i]), __u64{word_of(next.zones[i])});
  row.dns4 = next.dns4;
  row.dns6 = next.dns6;
  if (!same && row.net != 0) barrier_();
  set_flags(row, complete ? next.flags | FWD_DNS_COMPLETE : next.flags & ~FWD_DNS_COMPLETE);
  store(row.net, next.net);
}

void NamePublisher::forget(std::uint32_t net, const Known& known) {
  fwd_dns_view& row = memory_.views[net % memory_.views.size()];
  if (row.net == net) {
    store(row.net, __u32{0});
    barrier_();
    row = {};
  }
  for (const auto& [name, round] : known) table_.erase(net, name);
  settle();
}

void NamePublisher::keep_only(std::span<const std::uint32_t> nets) {
  std::erase_if(known_, [&](const auto& one) {
    if (std::ranges::find(nets, one.first) != nets.end()) return false;
    forget(one.first, one.second);
    return true;
  });
}

void NamePublisher::turn(bool on) { store(memory_.row.off, __u32{on ? 0U : 1U}); }

}  // namespace fairlead::model
