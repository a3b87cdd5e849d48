// SPDX-License-Identifier: Apache-2.0
// Cluster: the one loop that owns the state. Facts come in (calls of users,
// joins and reports of agents, silence); each is one transaction; then
// settle() repeats reconcile -> place -> verify -> commit until nothing
// changes. All decisions are pure functions of the newest snapshot; here is
// only their order. It knows no socket.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/forwarding/edge_views.h"
#include "control/proto/stream.h"
#include "control/server/cluster/apply.h"
#include "control/server/cluster/explain.h"
#include "control/server/nodes/liveness.h"
#include "control/server/nodes/replacement_rate.h"
#include "control/server/nodes/table_levels.h"
#include "control/server/state/state.h"

namespace fairlead::server {

struct ClusterRules {
  Millis silent_after{6000};
  Millis replace_after{30000};
  Millis start_grace{10000};              // after control's start nobody is called silent, nor replaced
  Millis stuck_after{30000};              // a node whose tables stand still for so long counts as silent
  Millis heartbeat{1000};                 // what agents are told
  std::uint32_t replace_per_second = 20;  // pods of silent nodes
};

// What the loop takes from outside; a simulation gives its own.
struct Surroundings {
  std::function<WallTime()> wall;
  std::function<MonoTime()> mono;
  std::function<std::string()> uid;
  std::function<void()> settle_soon;  // settle() is to be called after the facts at hand
};

struct ClusterCounters {
  std::uint64_t settles = 0;
  std::uint64_t transactions_lost = 0;  // conflicts and errors of the store while settling
  std::uint64_t reports = 0;
  std::uint64_t reports_ignored = 0;  // of pods that are not, or not there
};

class Cluster {
 public:
  Cluster(State& state, ClusterRules rules, Surroundings outside);

  struct Call {
    Revision expect;
    bool dry_run = false;
    std::string by;
  };
  Checked<proto::ApplyResult> apply(const std::vector<spec::Parsed>& documents, const Call& call);
  Checked<proto::ApplyResult> remove(const plan::ObjectKey& key, const Call& call);

  Result<proto::Welcome> join(const proto::Join& join);
  void heard(const std::string& node, const proto::Heartbeat& beat);
  // Edges are no objects: they follow the catalog, and removals wait for their tables.
  Result<proto::Welcome> join_edge(const proto::Join& join);
  void edge_heard(const std::string& edge, const proto::Heartbeat& beat);
  void edge_left(const std::string& edge);
  bool is_heard(const std::string& node) const { return liveness_.is_heard(node, outside_.mono()); }
  Result<> report(const std::string& node, const proto::PodReport& report);
  Result<> note(Note note);

  // The transaction of the last apply() or remove(); 0: it wrote nothing.
  State::Ticket written() const { return written_; }
  void lost();  // the State took decisions back; the next tick makes them again

  void settle();
  void tick();  // silence, deadlines, addresses that may be given again

  // What the tables of every node that is heard have in place, and how many nodes these are.
  proto::Acknowledged acknowledged() const;
  // Why silent nodes keep their pods for now; none: nothing holds them.
  std::optional<std::string> held() const;

  State& state() { return state_; }
  const Snapshot& snapshot() const { return state_.snapshot(); }
  Result<Explanation> explain(const plan::ObjectKey& key) const;
  const ClusterCounters& counters() const { return counters_; }
  std::size_t postponed() const { return postponed_; }  // pods of silent nodes that wait for their turn

 private:
  Checked<proto::ApplyResult> carry_out(Intent intent, const Call& call);
  Result<bool> settle_once();
  Result<bool> settle_hosts();
  Result<bool> settle_rings();
  void turn(const NodeTurn& turn);
  void look_at_disk(const std::string& node, const proto::Heartbeat& beat);
  void free_addresses();
  bool must_wait(const Pod& pod) const;
  void let_ready();
  void tell_who_is_awaited();
  void tell_when_held();
  void tell(const std::vector<Note>& notes);
  std::optional<std::string> kept() const;
  reconciler::Rules rules_of_reconcile() const;
  bool is_due() const;
  void set_deadline();

  State& state_;
  ClusterRules rules_;
  Surroundings outside_;
  Liveness liveness_;
  TableLevels table_levels_;
  forwarding::EdgeViews edge_views_;  // of those connected
  ReplacementRate rate_;
  std::size_t postponed_ = 0;
  MonoTime replace_from_;  // silent nodes keep their pods before
  // Ready, their nodes say; but a lost pod whose place they take may still be heard somewhere.
  std::map<std::string, std::pair<std::string, proto::PodReport>> waiting_;  // by uid; node, report
  Revision freed_up_to_;
  State::Ticket written_ = 0;
  bool settle_again_ = false;
  // When time alone asks for a decision: by both clocks, because the one on the wall leaps, and only that
  // one tells a silence of before control's start. Too early a look decides nothing.
  std::optional<std::pair<WallTime, MonoTime>> deadline_;
  std::string hosts_refused_;  // as last logged
  ClusterCounters counters_;
};

}  // namespace fairlead::server
