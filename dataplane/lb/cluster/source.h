// SPDX-License-Identifier: Apache-2.0
// ClusterSource: an edge's stream to control. What control says becomes services; what the tables have in
// place goes back, for pods end only when no edge sends them new flows, and what the edge's probes see, for
// the rings of all edges are control's. One loop's thread.
#pragma once

#include <functional>
#include <string>

#include "control/follower/control_link.h"
#include "control/follower/snapshot_builder.h"
#include "dataplane/lb/cluster/services.h"

namespace fairlead::lb {

struct ClusterOptions {
  net::ServerAddress control;
  std::string cluster;  // its id
  std::string name;     // of this edge, unique among the cluster's
  IpAddress address;    // none: not known
};

struct ClusterNews {
  std::uint64_t seed = 0;
  Revision revision;
  ClusterServices known;
};

class ClusterSource {
 public:
  using OnNews = std::function<void(ClusterNews)>;
  using Probes = std::function<std::optional<proto::EdgeProbes>()>;
  ClusterSource(ClusterOptions options, OnNews on_news, Probes probes);

  net::Task<> run() { return link_.run(); }    // until cancelled
  net::Task<> beat() { return link_.beat(); }  // until cancelled
  void set_applied(Revision revision) { link_.set_applied(revision); }
  bool connected() const { return link_.connected(); }

 private:
  follower::ControlLink::Hooks hooks();
  Result<> take(const proto::Welcome& welcome);
  void take(const proto::ControlMessage& message);

  ClusterOptions options_;
  OnNews on_news_;
  Probes probes_;
  follower::SnapshotBuilder builder_;
  std::uint64_t seed_ = 0;
  follower::ControlLink link_;
};

}  // namespace fairlead::lb
