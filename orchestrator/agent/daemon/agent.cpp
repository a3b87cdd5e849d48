// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/daemon/agent.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/io/clock.h"
#include "base/io/log.h"
#include "base/io/memory.h"
#include "orchestrator/runtime/container/container.h"

namespace fairlead::agent {

namespace asio = boost::asio;

namespace {

constexpr Millis kSweep{5'000};

std::string name_of(const Pod& pod) { return display_name(Kind::pod, pod.meta.ns, pod.meta.name); }

std::optional<Error> refusal_of(const proto::StreamOpen& request, const PodState& pod) {
  const std::string name = display_name(Kind::pod, request.ns, request.pod);
  const auto& containers = pod.pod->pod.containers;
  const auto found = std::ranges::find(containers, request.container, &Container::name);
  if (found == containers.end()) {
    std::string has;
    for (const Container& container : containers) has += (has.empty() ? "" : ", ") + container.name;
    return Error{Code::not_found, name, "has no container " + request.container, "It has: " + has};
  }
  const bool runs =
      pod.containers[static_cast<std::size_t>(found - containers.begin())].stage == Stage::running;
  if (runs || request.kind != proto::StreamOpen::Kind::exec) return std::nullopt;
  return Error{Code::unavailable, name, "container " + request.container + " is not running",
               "see why: fairlead explain " + name};
}

std::string exit_file(const Pod& pod, std::size_t container) {
  return runtime::container_id(pod.meta.uid, pod.pod.containers[container].name);
}

}  // namespace

void Agent::start() {
  tasks_.spawn("control", link_.run());
  tasks_.spawn("heartbeat", link_.beat());
  sweep_later();
}

void Agent::stop() {
  streams_.close_all();
  tasks_.cancel();
  timer_.cancel();
  sweep_timer_.cancel();
  remember_timer_.cancel();
  loop_.stop();
}

void Agent::on_message(const proto::ControlMessage& message) {
  if (const auto* event = std::get_if<proto::WatchEvent>(&message)) return on_watch(*event);
  if (const auto* everywhere = std::get_if<proto::Acknowledged>(&message))
    return feed(Acknowledged{everywhere->revision, everywhere->nodes});
  if (const auto* open = std::get_if<proto::StreamOpen>(&message)) return on_open(*open);
  if (const auto* data = std::get_if<proto::StreamData>(&message)) return streams_.data(*data);
  if (const auto* close = std::get_if<proto::StreamClose>(&message)) return streams_.close(close->id);
}

void Agent::on_open(proto::StreamOpen request) {
  if (request.kind != proto::StreamOpen::Kind::drops) {
    const auto pod = state_.pods.find(request.uid);
    if (pod == state_.pods.end()) {
      return streams_.refuse(request.id, {Code::not_found, display_name(Kind::pod, request.ns, request.pod),
                                          "node " + options_.paths.node + " does not have it",
                                          "look where it is: fairlead get pods"});
    }
    const auto& containers = pod->second.pod->pod.containers;
    if (request.container.empty() && !containers.empty()) request.container = containers.front().name;
    if (const auto refusal = refusal_of(request, pod->second)) return streams_.refuse(request.id, *refusal);
  }
  streams_.open(request);
}

// Control refuses a node of another cluster; this holds when control does not.
Result<> Agent::on_welcome(const proto::Welcome& welcome) {
  if (!welcome.cluster_id.empty() && welcome.cluster_id != options_.paths.cluster)
    return fail(Code::conflict, "control", "belongs to cluster \"" + welcome.cluster_id + "\", not to ours",
                "start this agent with --cluster " + welcome.cluster_id);
  builder_.begin(welcome.cluster_seed);
  log_.begin();
  return begin(welcome);
}

// Events of one transaction are closed by a bookmark: half of one is never acted on.
void Agent::on_watch(const proto::WatchEvent& event) {
  using Type = proto::WatchEvent::Type;
  builder_.apply(event);
  if (builder_.synced()) log_.add(event);
  if (event.type == Type::bookmark || event.type == Type::synced) take_snapshot();
}

void Agent::take_snapshot() {
  if (!builder_.changed()) return;
  snapshot_ = builder_.take();
  log_.note(snapshot_);
  if (const auto self = find(snapshot_->nodes, "", options_.paths.node)) {
    const Result<> settled = settle_networks(networks_of(*snapshot_, *self));
    if (!settled) log::error("a network is not set up here", {{"why", format(settled.error())}});
  }
  names_->publish(snapshot_);
  if (strangers_ > 0)
    if (const Result<> adopted = adopt(true); !adopted)
      log::error("what lives here is not adopted", {{"why", format(adopted.error())}});
  want_pods();
}

void Agent::want_pods() {
  Wanted wanted{snapshot_->revision, {}};
  for (const auto& [name, pod] : snapshot_->pods)
    if (pod->node == options_.paths.node) wanted.pods.push_back(pod);
  feed(wanted);
}

void Agent::feed(const Event& event) {
  const Step next = step(state_, event, Now{mono_now(), wall_now()});
  for (const Action& action : next.actions) std::visit([this](const auto& a) { take(a); }, action);
  wake_at(next.wake);
}

void Agent::wake_at(std::optional<MonoTime> time) {
  timer_.cancel();
  if (!time) return;
  timer_.expires_at(*time);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed(Tick{});
  });
}

void Agent::answer(WorkId id, const Result<>& result) {
  if (result)
    feed(Done{id});
  else
    feed(Failed{id, result.error()});
}

WorkerPool& Agent::pool_for(const Work& work) {
  if (work.verb != Verb::probe_ready && work.verb != Verb::probe_live) return pool_;
  const Container& container = work.pod->pod.containers[work.container];
  const auto& probe = work.verb == Verb::probe_ready ? container.ready : container.live;
  return probe->type == Probe::Type::exec ? exec_probes_ : probes_;
}

// Tried once more first: there may be room by now.
bool Agent::held_back(const Work& work) {
  const bool makes = work.verb == Verb::make_netns || work.verb == Verb::make_network ||
                     work.verb == Verb::prepare || work.verb == Verb::create || work.verb == Verb::start;
  if (!makes || state_file_.holds(work.pod->meta.uid)) return false;
  write_saved();
  if (!state_file_.behind()) return false;
  const Result<> refused =
      std::unexpected(Error(*state_file_.behind()).within("waits until this node's disk knows of it"));
  asio::post(loop_, [this, work, refused] { finish(work, refused); });
  return true;
}

void Agent::take(const Work& work) {
  if (held_back(work)) return;
  if (work.verb == Verb::remove_container) exits_->disarm(exit_file(*work.pod, work.container));
  const bool queued = pool_for(work).post([this, work](const std::stop_token& stop) {
    const MonoTime began = mono_now();
    const Result<> result = work_->run(work, stop);
    log::debug("work", {{"pod", name_of(*work.pod)},
                        {"work", std::string(to_string(work.verb))},
                        {"took", format_duration(mono_now() - began)}});
    asio::post(loop_, [this, work, result] { finish(work, result); });
  });
  if (queued) return;
  const Result<> refused =
      fail(Code::exhausted, "agent", "too much work waits", "it is tried again by itself");
  asio::post(loop_, [this, work, refused] { finish(work, refused); });
}

void Agent::finish(const Work& work, const Result<>& result) {
  if (!result && work.verb != Verb::probe_ready && work.verb != Verb::probe_live)
    log::warn("work failed, it is tried again", {{"pod", name_of(*work.pod)},
                                                 {"work", std::string(to_string(work.verb))},
                                                 {"why", format(result.error())}});
  answer(work.id, result);
  if (result && work.verb == Verb::create)
    exits_->arm(exit_file(*work.pod, work.container),
                Exited{work.pod->meta.uid, work.container, work.incarnation, 0, ""},
                traces(options_.paths, work.pod->meta.uid, work.pod->pod.containers[work.container].name));
}

void Agent::take(const Publish& publish) {
  const auto snapshot = snapshot_;
  const bool queued = pool_.post([this, publish, snapshot](const std::stop_token&) {
    const MonoTime began = mono_now();
    Result<> kept = log_.write();
    const Result<> result = tables_->publish(*snapshot, publish.links);
    log::debug("tables", {{"revision", std::to_string(snapshot->revision.value)},
                          {"took", format_duration(mono_now() - began)}});
    look_at_tables();
    if (kept) kept = log_.sync();
    if (!kept)
      log::error("what control said is not on disk, a restart would have to wait for control",
                 {{"why", format(kept.error())}});
    asio::post(loop_,
               [this, publish, revision = snapshot->revision, result] { finish(publish, revision, result); });
  });
  if (queued) return;
  const Result<> refused =
      fail(Code::exhausted, "agent", "too much work waits", "it is tried again by itself");
  asio::post(loop_, [this, publish, refused] { finish(publish, {}, refused); });
}

void Agent::finish(const Publish& publish, Revision revision, const Result<>& result) {
  if (result)
    link_.set_applied(revision);
  else
    log::error("tables are not in place", {{"why", format(result.error())}});
  answer(publish.id, result);
}

void Agent::take(const Report& report) {
  const Pod& pod = *report.pod;
  log::info("pod", {{"pod", name_of(pod)},
                    {"phase", std::string(to_string(report.status.phase))},
                    {"restarts", std::to_string(report.status.restarts)},
                    {"why", report.status.why}});
  proto::PodReport message{pod.meta.ns, pod.meta.name, pod.meta.uid, report.status, {}};
  for (const StoryLine& line : report.story)
    message.events.push_back({line.time, line.warning, line.what, line.cause});
  link_.send(message);
}

void Agent::take(const Save& pods) {
  saved_.pods = pods.pods;
  if (!pods.soon) return write_saved();
  asio::post(loop_, [this] { write_saved(); });  // behind the report that is on its way
}

// What it does not hold is not begun (held_back); what lives goes on.
void Agent::write_saved() {
  const bool before = state_file_.behind().has_value();
  const Result<> saved = state_file_.write(saved_);
  if (!saved && !before)
    log::error("the agent's state is not saved, no pod is begun that it does not know",
               {{"why", format(saved.error())}});
  if (saved && before) log::info("the agent's state is saved again");
}

void Agent::sweep() {
  trim_heap();  // what publications and starts have freed since
  if (const Result<> swept = tables_->sweep(); !swept)
    log::warn("flows are not swept", {{"why", format(swept.error())}});
  look_at_tables();
}

void Agent::look_at_tables() {
  const Result<TableCounts> counts = tables_->counts();
  if (!counts) return log::warn("drops are not counted", {{"why", format(counts.error())}});
  asio::post(loop_, [this, counts = *counts] { counts_ = counts; });
}

void Agent::count(proto::Heartbeat& beat) const {
  proto::NodeCounters& to = beat.counters;
  to.work_refused = pool_.refused();
  to.probes_refused = probes_.refused() + exec_probes_.refused();
  to.streams_refused = streams_.refused();
  to.crashes = state_.crashes;
  to.crash_looping = crash_looping(state_);
  to.failed_open = counts_.failed_open;
  to.without_backend = counts_.without_backend;
  to.left_out = counts_.left_out;
  to.handed_on = counts_.handed_on;
  to.objects_unsaved = log_.unsaved();
  to.state_unsaved = state_file_.unsaved();
  to.remembered_seconds = static_cast<std::uint64_t>(remembered_.count() / 1000);
  beat.drops = counts_.drops;
  beat.tables = counts_.levels;
  beat.refusal = counts_.refusal;
  beat.disk = state_file_.disk_trouble();
  names_->count(to);
}

void Agent::sweep_later() {
  sweep_timer_.expires_after(kSweep);
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    pool_.post([this](const std::stop_token&) { sweep(); });
    exits_->look_for_lost();
    if (state_file_.behind()) write_saved();
    sweep_later();
  });
}

}  // namespace fairlead::agent
