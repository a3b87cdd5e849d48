// SPDX-License-Identifier: Apache-2.0
#include "control/forwarding/rings.h"

#include <algorithm>
#include <ranges>
#include <set>

#include "control/catalog/network.h"
#include "control/forwarding/ready.h"

namespace fairlead::forwarding {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t kNobody = kMaxPackedMembers;  // a slot of no member
constexpr std::size_t kMaxPackedSlots = 262144;       // 512 KiB: a transaction takes 1.5 MiB

using Members = std::set<IpAddress>;

struct Wanted {
  Members members;                   // who shall take new flows
  std::vector<IpAddress> unreached;  // ready, but no edge reaches them
};

ReadyPods ready_pods(const Snapshot& snapshot) {
  ReadyPods ready;
  for (const auto& [name, pod] : snapshot.pods) {
    const auto node = find(snapshot.nodes, "", pod->node);
    if (node && takes_new_flows(*pod))
      ready[{pod->meta.ns, pod->job}].push_back({pod.get(), node->status.state == NodeState::ready});
  }
  return ready;
}

RingStep step_between(const Members& before, const Members& after, WallTime at) {
  RingStep step{at, {}, {}};
  std::ranges::set_difference(after, before, std::back_inserter(step.joined));
  std::ranges::set_difference(before, after, std::back_inserter(step.left));
  return step;
}

// The first `count` steps become the base.
void fold(Ring& ring, std::size_t count, std::uint64_t seed) {
  const Result<RingHistory> history = history_of(ring);
  if (!history) return;  // it stays as long as it is
  const model::EdgeRing base = model::folded(history->base, history->changes, count, seed);
  if (base.members.size() > kMaxPackedMembers || base.slots.size() > kMaxPackedSlots) return;
  ring.base = {base.members, pack_slots(base.slots)};
  ring.steps.erase(ring.steps.begin(), ring.steps.begin() + static_cast<std::ptrdiff_t>(count));
  ring.settled -= static_cast<std::uint32_t>(count);
}

WallTime settles_at(const Ring& ring) {
  return ring.settled < ring.steps.size() ? ring.steps[ring.settled].at + kRingSettles : WallTime::max();
}

void settle(Ring& ring, WallTime now, std::uint64_t seed) {
  while (settles_at(ring) <= now) ++ring.settled;
  // The newest step stays: what follows it says by it who is in the ring.
  const std::size_t count =
      ring.steps.empty() ? 0 : std::min<std::size_t>(ring.settled, ring.steps.size() - 1);
  if (count >= kRingFolds) fold(ring, count, seed);
}

void make_room(Ring& ring, std::uint64_t seed) {
  if (ring.steps.size() < kMaxRingSteps) return;
  ring.settled = std::max<std::uint32_t>(ring.settled, kRingFolds);
  fold(ring, kRingFolds, seed);
}

Ring fresh(const Service& service, std::uint32_t number, WallTime now) {
  Ring ring;
  ring.number = number;
  ring.meta.name = service.meta.name;
  ring.meta.ns = service.meta.ns;
  ring.meta.uid = service.meta.uid;
  ring.meta.created = now;
  return ring;
}

// None: it is as it should be.
std::optional<Ring> next_ring(const Ring& ring, const Wanted& wanted, WallTime now, std::uint64_t seed) {
  const Members before(ring.members.begin(), ring.members.end());
  const Members& members = wanted.members;
  const bool changes = !members.empty() && members != before && members.size() <= model::kMaxRingMembers;
  if (!changes && wanted.unreached == ring.unreached && settles_at(ring) > now) return std::nullopt;
  Ring next = ring;
  next.unreached = wanted.unreached;
  settle(next, now, seed);
  if (!changes) return next;
  make_room(next, seed);
  next.steps.push_back(step_between(before, members, now));
  next.members.assign(members.begin(), members.end());
  return next;
}

std::uint32_t take_number(std::set<std::uint32_t>& taken) {
  std::uint32_t number = 1;
  while (taken.contains(number)) ++number;
  taken.insert(number);
  return number;
}

Wanted wanted_of(const ReadyPods& ready, const Service& service, const Ring& ring, const EdgeViews& views) {
  Members all, reached_ones;
  if (const auto pods = ready.find({service.meta.ns, service.job}); pods != ready.end())
    for (const Pod* pod : choose(pods->second).pods) all.insert(first_address(*pod));
  for (const IpAddress& pod : all)
    if (reached(views, pod, std::ranges::find(ring.unreached, pod) == ring.unreached.end()))
      reached_ones.insert(pod);
  Wanted wanted{reached_ones.empty() ? all : reached_ones, {}};
  std::ranges::set_difference(all, reached_ones, std::back_inserter(wanted.unreached));
  return wanted;
}

}  // namespace

bool at_edge(const Service& service) {
  return std::ranges::any_of(service.ports, [](const ServicePort& p) { return p.scope == Scope::edge; });
}

Result<RingHistory> history_of(const Ring& ring) {
  RingHistory history;
  if (!ring.base.members.empty()) {
    history.base.members = ring.base.members;
    FL_TRY(history.base.slots, unpack_slots(ring.base.slots, ring.base.members.size()));
  }
  Members members(ring.members.begin(), ring.members.end());
  for (const RingStep& step : std::views::reverse(ring.steps)) {
    model::RingChange change;
    for (const IpAddress& address : members) change.push_back({address, 1});
    history.changes.push_back(std::move(change));
    for (const IpAddress& address : step.joined) members.erase(address);
    members.insert(step.left.begin(), step.left.end());
  }
  std::ranges::reverse(history.changes);
  history.settled = static_cast<std::uint32_t>(std::min<std::size_t>(ring.settled, ring.steps.size()));
  return history;
}

RingChanges next_rings(const Snapshot& snapshot, const EdgeViews& views, WallTime now) {
  RingChanges changes;
  std::optional<ReadyPods> ready;
  std::set<std::uint32_t> taken;
  for (const auto& [name, ring] : snapshot.rings) taken.insert(ring->number);
  for (const auto& [name, service] : snapshot.services) {
    if (!at_edge(*service)) continue;
    if (!ready) ready = ready_pods(snapshot);
    const auto known = find(snapshot.rings, name.first, name.second);
    const bool same = known && known->meta.uid == service->meta.uid;
    Ring ring;
    if (!same) {
      ring = fresh(*service, known ? known->number : take_number(taken), now);
      if (known) ring.meta.revision = known->meta.revision;
    }
    const Ring& last = same ? *known : ring;
    const Wanted wanted = wanted_of(*ready, *service, last, views);
    if (auto next = next_ring(last, wanted, now, snapshot.cluster_seed))
      changes.put.push_back(std::move(*next));
    else if (!same)
      changes.put.push_back(std::move(ring));
  }
  for (const auto& [name, ring] : snapshot.rings) {
    const auto service = find(snapshot.services, name.first, name.second);
    if (!service || !at_edge(*service)) changes.remove.push_back(ring);
  }
  return changes;
}

std::optional<WallTime> next_ring_deadline(const Snapshot& snapshot) {
  WallTime next = WallTime::max();
  for (const auto& [name, ring] : snapshot.rings) next = std::min(next, settles_at(*ring));
  return next == WallTime::max() ? std::nullopt : std::optional(next);
}

std::string pack_slots(const std::vector<std::uint32_t>& slots) {
  std::string text;
  text.reserve(2 * slots.size());
  for (const std::uint32_t slot : slots) {
    const std::uint32_t value = std::min(slot, kNobody);
    text += kLetters[value >> 6U];
    text += kLetters[value & 63U];
  }
  return text;
}

Result<std::vector<std::uint32_t>> unpack_slots(std::string_view text, std::size_t members) {
  const bool size = std::ranges::any_of(
      model::kEdgeRingSizes, [&](std::uint32_t slots) { return text.size() == std::size_t{2} * slots; });
  std::vector<std::uint32_t> slots;
  for (std::size_t i = 0; size && i < text.size(); i += 2) {
    const std::size_t high = kLetters.find(text[i]), low = kLetters.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) break;
    const auto value = static_cast<std::uint32_t>(high << 6U | low);
    if (value != kNobody && value >= members) break;
    slots.push_back(value == kNobody ? model::kNoMember : value);
  }
  if (size && slots.size() * 2 == text.size()) return slots;
  return fail(Code::corrupt, "ring", "its slots are not those of a ring of its members");
}

}  // namespace fairlead::forwarding
