// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/scheduler/place.h"

#include <optional>
#include <span>

#include "control/catalog/network.h"
#include "orchestrator/scheduler/candidates.h"
#include "orchestrator/scheduler/census.h"

namespace fairlead::scheduler {
namespace {

NotPlaced refused_everywhere(const Capacity& capacity, const Job& job, const Demand& demand) {
  NotPlaced result;
  if (capacity.size() == 0) result.cause = "no node has joined";
  for (std::size_t i = 0; i < capacity.size(); ++i) {
    if (result.nodes.size() == kMaxRefusals) {
      result.more_nodes = static_cast<std::uint32_t>(capacity.size() - i);
      break;
    }
    result.nodes.push_back(
        {capacity.node(i).meta.name, refusal(capacity.node(i), capacity.used(i), demand, job.place.nodes)});
  }
  return result;
}

// "chosen of 3 nodes with room, 0 other pods of the job, 12 % full with it"
std::string why_there(const Seat& seat, std::size_t rivals) {
  return (rivals == 1 ? "the only node" : "chosen of " + std::to_string(rivals) + " nodes") + " with room, " +
         std::to_string(seat.pods.all) + " other pods of the job, " + std::to_string(seat.load_ppm / 10'000) +
         " % full with it";
}

class Placer {
 public:
  Placer(const Snapshot& snapshot, const ipam::Leases& leases, const reconciler::Changes& changes,
         std::uint64_t seed)
      : snapshot_(snapshot),
        changes_(changes),
        seed_(seed),
        draft_(leases),
        capacity_(snapshot),
        census_(snapshot, changes, capacity_) {
    plan_.based_on = snapshot.revision;
    plan_.rest = {{}, changes.stop, changes.remove, {}, changes.remove_services, changes.statuses};
  }

  Plan run() {
    for (const Service& service : changes_.services) give_vips(service);
    const std::span<const Pod> all(changes_.create);
    for (std::size_t first = 0; first < all.size();) {
      std::size_t last = first + 1;
      while (last < all.size() && all[last].job == all[first].job && all[last].meta.ns == all[first].meta.ns)
        ++last;
      place_job(all.subspan(first, last - first));
      first = last;
    }
    return std::move(plan_);
  }

 private:
  void give_vips(Service service) {
    if (!service.vip4.is_none()) {
      plan_.services.push_back({std::move(service), {}});
      return;
    }
    auto pair = take_pair(service.network, "vips", ipam::Purpose::vip, service.meta.uid);
    if (!pair) {
      plan_.refused.push_back(
          std::move(pair).error().within(display_name(Kind::service, service.meta.ns, service.meta.name)));
      return;
    }
    service.vip4 = pair->first.lease.address;
    service.vip6 = pair->second.lease.address;
    plan_.services.push_back({std::move(service), {std::move(pair->first), std::move(pair->second)}});
  }

  Result<std::pair<ipam::Change, ipam::Change>> take_pair(const std::string& network, const std::string& pool,
                                                          ipam::Purpose purpose, const std::string& owner) {
    if (!network_of(snapshot_, network))
      return fail(Code::not_found, "network/" + network, "does not exist", "apply it first");
    return draft_.take_pair(pool_name(network, pool + "4"), pool_name(network, pool + "6"), purpose, owner);
  }

  // All new pods of one job: they have one template.
  void place_job(std::span<const Pod> pods) {
    const ObjectName name{pods[0].meta.ns, pods[0].job};
    const auto job = find(snapshot_.jobs, name.first, name.second);
    if (!job) return;
    const Demand demand = demand_of(pods[0].pod);
    Candidates candidates(capacity_, *job, demand, census_.of(name), seed_);
    for (std::size_t i = 0; i < pods.size(); ++i) {
      auto missing = place_pod(pods[i], candidates);
      if (!missing) continue;
      if (missing->cause.empty()) *missing = refused_everywhere(capacity_, *job, demand);
      missing->job = name;
      missing->pods = static_cast<std::uint32_t>(pods.size() - i);
      tell(*job, *missing);
      plan_.not_placed.push_back(*std::move(missing));
      return;
    }
  }

  // None when it is placed; an empty cause when no node takes it.
  std::optional<NotPlaced> place_pod(const Pod& wanted, Candidates& candidates) {
    auto pair = take_pair(wanted.network, "pods", ipam::Purpose::pod, wanted.meta.uid);
    if (!pair) return NotPlaced{{}, 0, format(pair.error()), {}, 0};
    const std::size_t rivals = candidates.size();
    const auto seat = candidates.take_best();
    if (!seat) {
      draft_.give_back(pair->first.lease.address);
      draft_.give_back(pair->second.lease.address);
      return NotPlaced{};
    }
    Pod pod = wanted;
    pod.node = capacity_.node(seat->node).meta.name;
    pod.ipv4 = pair->first.lease.address;
    pod.ipv6 = pair->second.lease.address;
    pod.epoch = pair->first.lease.epoch;
    plan_.placements.push_back(
        {std::move(pod), std::move(pair->first), std::move(pair->second), why_there(*seat, rivals)});
    return std::nullopt;
  }

  // The job's status was made as if every pod had found a place.
  void tell(const Job& job, const NotPlaced& missing) {
    for (auto& change : plan_.rest.statuses) {
      if (change.job != missing.job) continue;
      change.status.pods -= missing.pods;
      change.status.updated -= missing.pods;
      change.status.why = std::to_string(missing.pods) + " of " + std::to_string(job.replicas) +
                          " not placed: " + format(missing);
    }
  }

  const Snapshot& snapshot_;
  const reconciler::Changes& changes_;
  const std::uint64_t seed_;
  ipam::Draft draft_;
  Capacity capacity_;
  Census census_;
  Plan plan_;
};

}  // namespace

std::string format(const NotPlaced& not_placed) {
  std::string text = not_placed.cause;
  for (const NodeRefusal& refused : not_placed.nodes) {
    if (!text.empty()) text += "; ";
    text += refused.node + ": " + refused.reason;
  }
  if (not_placed.more_nodes > 0) text += "; and " + std::to_string(not_placed.more_nodes) + " more";
  return text;
}

Result<std::vector<ipam::Block>> control_blocks(const Snapshot& snapshot) {
  std::vector<ipam::Block> blocks;
  for (const auto& [name, network] : snapshot.networks) {
    const auto add = [&](const char* pool, const Prefix& prefix, bool shared) -> Result<void> {
      FL_TRY(ipam::Block block, ipam::control_block(pool_name(network->meta.name, pool), prefix, shared));
      blocks.push_back(std::move(block));
      return {};
    };
    FL_TRY_OK(add("pods4", network->pools.pods4, true));
    FL_TRY_OK(add("pods6", network->pools.pods6, true));
    FL_TRY_OK(add("vips4", network->pools.vips4, false));
    FL_TRY_OK(add("vips6", network->pools.vips6, false));
  }
  return blocks;
}

Plan place(const Snapshot& snapshot, const ipam::Leases& leases, const reconciler::Changes& changes,
           std::uint64_t seed) {
  return Placer(snapshot, leases, changes, seed).run();
}

}  // namespace fairlead::scheduler
