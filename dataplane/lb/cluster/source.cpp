// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/cluster/source.h"

#include "base/hash.h"
#include "base/io/clock.h"

namespace fairlead::lb {
namespace {

proto::Join join_of(const ClusterOptions& options) {
  proto::Join join;
  join.name = options.name;
  join.address = options.address;
  join.version = FAIRLEAD_VERSION;
  join.cluster_id = options.cluster;
  join.edge = true;
  return join;
}

std::uint64_t chance(const ClusterOptions& options) {
  const auto now = static_cast<std::uint64_t>(wall_now().time_since_epoch().count());
  return StableHash().add(options.name).add(now).value();
}

}  // namespace

ClusterSource::ClusterSource(ClusterOptions options, OnNews on_news, Probes probes)
    : options_(std::move(options)),
      on_news_(std::move(on_news)),
      probes_(std::move(probes)),
      link_(options_.control, join_of(options_), chance(options_), hooks()) {}

follower::ControlLink::Hooks ClusterSource::hooks() {
  return {.join = [](proto::Join&) {},
          .welcome = [this](const proto::Welcome& welcome) { return take(welcome); },
          .joined = [] {},
          .message = [this](const proto::ControlMessage& message) { take(message); },
          .lost = [] {},
          .count = [this](proto::Heartbeat& beat) { beat.probes = probes_(); }};
}

Result<> ClusterSource::take(const proto::Welcome& welcome) {
  seed_ = welcome.cluster_seed;
  builder_.begin(seed_);
  return {};
}

void ClusterSource::take(const proto::ControlMessage& message) {
  const auto* event = std::get_if<proto::WatchEvent>(&message);
  if (event == nullptr) return;
  builder_.apply(*event);
  // A transaction as a whole, or not at all.
  if (event->type == proto::WatchEvent::Type::put || event->type == proto::WatchEvent::Type::remove) return;
  if (!builder_.changed()) return;
  const auto snapshot = builder_.take();
  on_news_({seed_, snapshot->revision, services_of(*snapshot)});
}

}  // namespace fairlead::lb
