// SPDX-License-Identifier: Apache-2.0
// Agent: the daemon around step(). One loop's thread owns the state; workers
// do what blocks and post their results back. Control may be away for as long
// as it likes: pods, tables and names go on as the last whole snapshot said.
//
//   control ==> ControlLink -> SnapshotBuilder -> Wanted --.
//   conmon  ==> ExitWatcher ----------------------> Exited --+-> step() -> actions
//   workers ==> PodWork, Tables ------------> Done, Failed --'      |
//        ^------------------------------ Work, Publish -------------+
//   control <== ControlLink <----------------------- Report --------+
//   disk    <== SavedState  <------------------------- Save --------'
//   disk    <== SnapshotLog <---- control's words, before Publish has effect
//
// stop() ends the agent only: containers, programs and tables stay, and the
// next agent adopts them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "base/io/fd.h"
#include "control/follower/control_link.h"
#include "control/follower/snapshot_builder.h"
#include "orchestrator/agent/daemon/options.h"
#include "orchestrator/agent/names/names.h"
#include "orchestrator/agent/node/node_networks.h"
#include "orchestrator/agent/node/node_setup.h"
#include "orchestrator/agent/node/worker_pool.h"
#include "orchestrator/agent/pods/exit_watcher.h"
#include "orchestrator/agent/pods/pod_work.h"
#include "orchestrator/agent/saved/saved_state.h"
#include "orchestrator/agent/saved/snapshot_log.h"
#include "orchestrator/agent/step.h"
#include "orchestrator/agent/stream/user_streams.h"

namespace fairlead::agent {

class Agent {
 public:
  // Checks the machine, takes the state folder for itself, opens the dataplane, adopts what lives.
  static Result<std::unique_ptr<Agent>> open(boost::asio::io_context& loop, AgentOptions options);
  ~Agent();

  void start();  // then run the loop
  void stop();   // the loop runs out of work soon after

 private:
  Agent(boost::asio::io_context& loop, AgentOptions options, Fd lock);

  Result<> open_parts();
  // Once, with control's or the saved welcome: the node, its names, its living pods.
  Result<> begin(const proto::Welcome& welcome);
  Result<> settle_networks(const std::vector<NodeNetwork>& networks);
  // What control last said, as far as it is on disk: names at once, tables and pods when control
  // does not answer soon. False: it was before a reboot, or is not known.
  bool recall();
  void go_on_later();
  // A living pod of which nothing is saved is left as it is until control has spoken. Then it is
  // adopted like the others, or only to be removed.
  Result<> adopt(bool control_has_spoken);
  std::shared_ptr<const Pod> told(const PodUid& uid) const;
  void arm(const AdoptedPod& pod);
  std::uint32_t look_at_uplink();  // its MTU

  void on_message(const proto::ControlMessage& message);
  void on_open(proto::StreamOpen request);
  Result<> on_welcome(const proto::Welcome& welcome);
  void on_watch(const proto::WatchEvent& event);
  void take_snapshot();
  void want_pods();

  void feed(const Event& event);
  WorkerPool& pool_for(const Work& work);
  void take(const Work& work);
  void take(const Publish& publish);
  void take(const Report& report);
  void take(const Save& pods);
  void write_saved();
  bool held_back(const Work& work);  // what it makes must be on disk before
  void finish(const Work& work, const Result<>& result);
  void finish(const Publish& publish, Revision revision, const Result<>& result);
  void answer(WorkId id, const Result<>& result);
  void wake_at(std::optional<MonoTime> time);
  void sweep_later();
  void sweep();           // on a worker
  void look_at_tables();  // on a worker: what the next heartbeats say of them
  void count(proto::Heartbeat& beat) const;

  boost::asio::io_context& loop_;
  AgentOptions options_;
  Fd lock_;
  Uplink uplink_;  // as it was when this agent last joined
  SavedState saved_;
  StateFile state_file_;
  NodeState state_;
  follower::SnapshotBuilder builder_;
  SnapshotLog log_;
  Millis remembered_{0};  // age of what this agent went on with, without control
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Tables> tables_;
  std::unique_ptr<NodeNetworks> networks_;
  std::unique_ptr<PodWork> work_;
  std::unique_ptr<ExitWatcher> exits_;
  std::unique_ptr<Names> names_;
  bool names_open_ = false;
  follower::ControlLink link_;
  UserStreams streams_;
  net::TaskGroup tasks_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer sweep_timer_;
  boost::asio::steady_timer remember_timer_;
  bool begun_ = false;
  std::size_t strangers_ = 0;  // living pods that wait for control's word
  TableCounts counts_;         // as last published or swept
  // Last, so that they end first. One pool each: no piece of work waits behind another kind's.
  WorkerPool probes_;
  WorkerPool exec_probes_;
  WorkerPool pool_;
};

}  // namespace fairlead::agent
