// SPDX-License-Identifier: Apache-2.0
// How an agent begins: the machine is checked, the state folder locked, the
// dataplane opened, and with the first welcome the node set up and its living
// pods adopted.
#include <algorithm>

#include "base/hash.h"
#include "base/io/clock.h"
#include "base/io/log.h"
#include "dataplane/model/forwarding_state.h"
#include "orchestrator/agent/daemon/agent.h"
#include "orchestrator/agent/pods/adopt.h"
#include "orchestrator/runtime/image/image.h"
#include "orchestrator/runtime/pod.h"

namespace fairlead::agent {
namespace {

constexpr std::size_t kWorkers = 8;
constexpr std::size_t kProbers = 128;  // threads that mostly wait; as many unanswered probes block nobody
constexpr std::size_t kExecProbers = 16;
constexpr std::size_t kQueue = 4096;
constexpr Millis kAskControl{1'000};

proto::Join join_of(const AgentOptions& options) {
  proto::Join join;
  join.name = options.paths.node;
  join.address = options.address;
  join.cpu_milli = options.cpu_milli;
  join.memory_bytes = options.memory_bytes;
  join.max_pods = options.max_pods;
  join.kernel = kernel_release();
  join.version = FAIRLEAD_VERSION;
  join.labels = options.labels;
  join.cluster_id = options.paths.cluster;
  return join;
}

void task_failed(const std::string& task, const std::string& what) {
  log::error("a task of the agent ended", {{"task", task}, {"why", what}});
}

}  // namespace

Agent::Agent(boost::asio::io_context& loop, AgentOptions options, Fd lock)
    : loop_(loop),
      options_(std::move(options)),
      lock_(std::move(lock)),
      state_file_(options_.paths.state_dir / "agent.state"),
      log_(options_.paths.state_dir / "objects.log", boot_id()),
      link_(options_.control, join_of(options_),
            StableHash()
                .add(options_.paths.node)
                .add(static_cast<std::uint64_t>(wall_now().time_since_epoch().count()))
                .value(),
            {[this](proto::Join& join) { join.uplink_mtu = look_at_uplink(); },
             [this](const proto::Welcome& welcome) { return on_welcome(welcome); },
             [this] { feed(Connected{}); },
             [this](const proto::ControlMessage& message) { on_message(message); },
             [this] {
               streams_.close_all();
               feed(Disconnected{});
             },
             [this](proto::Heartbeat& beat) { count(beat); }}),
      streams_(loop, options_.paths, link_, [this] { return tables_->drops(); }),
      tasks_(loop.get_executor(), task_failed),
      timer_(loop),
      sweep_timer_(loop),
      remember_timer_(loop),
      probes_(kProbers, kQueue),
      exec_probes_(kExecProbers, kQueue),
      pool_(kWorkers, kQueue) {}

Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::open(boost::asio::io_context& loop, AgentOptions options) {
  FL_TRY_OK(check_machine(options.paths));
  FL_TRY_OK(runtime::make_folders(options.paths));
  FL_TRY(Fd lock, lock_folder(options.paths.state_dir));
  std::unique_ptr<Agent> agent(new Agent(loop, std::move(options), std::move(lock)));
  FL_TRY_OK(agent->open_parts());
  return agent;
}

Result<> Agent::open_parts() {
  FL_TRY_OK(runtime::sweep_layers(options_.paths));
  FL_TRY(uplink_, find_uplink(options_.uplink));
  FL_TRY(tables_, Tables::open(options_.paths, options_.control.host, options_.control.port));
  FL_TRY_OK(tables_->attach_uplink(uplink_.ifindex, uplink_.mtu));
  FL_TRY(ebpf::NodeNames names, tables_->names());
  names_ = std::make_unique<Names>(options_.paths.node, std::move(names), options_.names_in_kernel);
  FL_TRY(exits_,
         ExitWatcher::open(loop_, options_.paths.exits(), [this](const Exited& exited) { feed(exited); }));
  Result<SavedState> saved = state_file_.load();
  if (saved)
    saved_ = std::move(*saved);
  else
    log::error("the saved state is not used, living pods wait for control", {{"why", format(saved.error())}});
  const bool goes_on = recall();
  if (!saved_.welcome || saved_.welcome->networks.empty()) return {};
  FL_TRY_OK(begin(*saved_.welcome));
  if (snapshot_) names_->publish(snapshot_);
  if (goes_on) go_on_later();
  return {};
}

// A changed MTU is for the tables here, and by the join for those of the other nodes. Links of living pods
// keep theirs.
std::uint32_t Agent::look_at_uplink() {
  const Result<Uplink> now = find_uplink(options_.uplink);
  if (!now || now->ifindex != uplink_.ifindex || now->mtu == uplink_.mtu) return uplink_.mtu;
  if (now->mtu < model::kLeastUplinkMtu) {
    log::error("the uplink's new MTU is too small, packets go by the old one",
               {{"uplink", options_.uplink}, {"mtu", std::to_string(now->mtu)}});
    return uplink_.mtu;
  }
  uplink_.mtu = now->mtu;
  tables_->set_uplink_mtu(uplink_.mtu);
  return uplink_.mtu;
}

// After a reboot there is nothing that goes on: whether a pod of then is still ours, control alone
// knows. Names are answered, pods wait.
bool Agent::recall() {
  const Result<SavedSnapshot> saved = log_.load();
  if (!saved) log::error("the saved objects are not used", {{"why", format(saved.error())}});
  if (!saved || saved->events.empty()) return false;
  follower::SnapshotBuilder builder;
  builder.begin(saved_.welcome ? saved_.welcome->cluster_seed : 0);  // without it, nothing is published
  for (const proto::WatchEvent& event : saved->events) builder.apply(event);
  snapshot_ = builder.take();
  log::info("knows what control last said",
            {{"revision", std::to_string(snapshot_->revision.value)}, {"age", format_duration(log_.age())}});
  return saved->boot == boot_id();
}

// Control may know that a pod is no longer ours, so it is asked first.
void Agent::go_on_later() {
  remember_timer_.expires_after(kAskControl);
  remember_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || builder_.synced()) return;
    if (link_.connected()) return go_on_later();
    log::info("control does not answer, tables and pods go on with what it last said",
              {{"revision", std::to_string(snapshot_->revision.value)}});
    remembered_ = log_.age();
    log_.note(snapshot_);
    want_pods();
  });
}

Result<> Agent::settle_networks(const std::vector<NodeNetwork>& networks) {
  if (networks.empty() || (saved_.welcome->networks == networks && names_open_)) return {};
  FL_TRY_OK(networks_->take(networks));
  FL_TRY_OK(names_->open(networks));
  names_open_ = true;
  saved_.welcome->networks = networks;
  write_saved();
  return {};
}

// Its own last word first: it has the newest status.
std::shared_ptr<const Pod> Agent::told(const PodUid& uid) const {
  for (const Pod& pod : saved_.pods)
    if (pod.meta.uid == uid) return std::make_shared<const Pod>(pod);
  if (!snapshot_) return nullptr;
  for (const auto& [name, pod] : snapshot_->pods)
    if (pod->meta.uid == uid && pod->node == options_.paths.node) return pod;
  return nullptr;
}

Result<> Agent::adopt(bool control_has_spoken) {
  FL_TRY(std::vector<PodUid> uids, runtime::list_pods(options_.paths));
  std::erase_if(uids, [this](const PodUid& uid) { return state_.pods.contains(uid); });
  strangers_ = control_has_spoken ? 0 : std::erase_if(uids, [this](const PodUid& uid) { return !told(uid); });
  if (strangers_ > 0)
    log::warn("pods of which nothing is saved are left as they are until control has spoken",
              {{"pods", std::to_string(strangers_)}});
  const Told by_uid = [this](const PodUid& uid) { return told(uid); };
  FL_TRY(const std::vector<AdoptedPod> living, find_living(options_.paths, uids, by_uid, *work_));
  if (living.empty()) return {};
  feed(Adopted{living});
  for (const AdoptedPod& pod : living) arm(pod);
  return {};
}

void Agent::arm(const AdoptedPod& pod) {
  constexpr std::string_view kNetwork[] = {"broken", "unsure", "whole"};
  log::info("adopted",
            {{"pod", pod.pod->meta.name}, {"network", std::string(kNetwork[static_cast<int>(pod.network)])}});
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    const Stage stage = pod.containers[i].stage;
    if (stage != Stage::running && stage != Stage::created) continue;
    const PodUid& uid = pod.pod->meta.uid;
    const std::string& name = pod.pod->pod.containers[i].name;
    exits_->arm(runtime::container_id(uid, name), Exited{uid, i, 1, 0, ""},
                traces(options_.paths, uid, name));
  }
}

Result<> Agent::begin(const proto::Welcome& welcome) {
  if (begun_ && saved_.welcome == welcome) return {};
  if (uplink_.mtu < model::kLeastUplinkMtu)
    return fail(Code::unsupported, "uplink " + options_.uplink, "its MTU is " + std::to_string(uplink_.mtu),
                "raise it to 1280 or more, as IPv6 needs it");
  if (welcome.networks.empty())
    return fail(Code::conflict, "control", "gives this node no network",
                "see fairlead explain network/default");
  if (!networks_)
    networks_ = std::make_unique<NodeNetworks>(
        NodeNetworks::Place{options_.paths.cluster, options_.uplink, uplink_, options_.address}, *tables_);
  if (!saved_.welcome) saved_.welcome = welcome;
  FL_TRY_OK(settle_networks(welcome.networks));
  saved_.welcome = welcome;
  write_saved();  // what it does not hold is not begun
  if (begun_) return {};
  work_ = std::make_unique<PodWork>(options_.paths, *networks_, *tables_);
  FL_TRY_OK(adopt(false));
  begun_ = true;  // a set-up that failed half-way is done again with the next welcome
  return {};
}

}  // namespace fairlead::agent
