// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/daemon/lb.h"

#include <algorithm>
#include <set>
#include <sys/random.h>

#include "base/check.h"
#include "base/io/clock.h"
#include "base/io/file.h"
#include "base/io/log.h"
#include "dataplane/fwd/edge/rows.h"

namespace fairlead::lb {
namespace {

constexpr Millis kTick{1000};
constexpr Millis kTogether{10};      // events that come in a row are published once
constexpr Millis kSaveAges{600000};  // what a restart may forget of the ages of changes
constexpr Millis kLook{60000};       // between two looks at all remembered flows
constexpr std::size_t kEvents = 1000;

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  FL_CHECK(::getrandom(&seed, sizeof seed, 0) == sizeof seed, errno);
  return seed;
}

Result<> authorize(const net::Principal& principal, std::string_view, std::string_view path) {
  if (principal.type != net::Principal::Type::stranger) return {};
  return fail(Code::denied, std::string(path), "the token is missing or wrong",
              "send `Authorization: Bearer TOKEN` (--token-file), or use the Unix socket");
}

void report_failure(const std::string& name, const std::string& what) {
  log::error("a task ended with an exception", {{"task", name}, {"what", what}});
}

// Two seeds: every flow would have another slot.
Result<> same_secret(const std::optional<std::uint64_t>& wanted, std::uint64_t used) {
  if (!wanted || *wanted == used) return {};
  return fail(Code::conflict, "secret", "is not the one that the flows of this edge have",
              "put the old one back, or begin anew with --fresh: flows may then move to other servers");
}

// DPDK hands frames to the kernel by taps alone: no answer to a probe comes without.
bool has_kernel(const Config& config) { return !config.dpdk || !config.dpdk->taps.empty(); }

// For a line of a log or a status: the first mistake of a file, and how many more.
std::string in_a_line(const Error& error) {
  std::string text = format(error);
  const auto more = std::ranges::count(text, '\n');
  if (more == 0) return text;
  text.erase(text.find('\n'));
  return text + " (and " + std::to_string(more) + " more: fairlead-lb --check names all)";
}

// A flow table that is in use stays as it is, whatever the file says.
void keep_room(Config& config, std::uint32_t flows) {
  if (flows != config.flows)
    log::warn("the flow table keeps the size that it was made with",
              {{"flows", std::to_string(flows)}, {"remedy", "fairlead-lb --remove makes room for another"}});
  config.flows = flows;
}

}  // namespace

Result<Config> read_config(const std::filesystem::path& path, Services services) {
  Result<std::string> read = fairlead::read_file(path);
  if (!read) {
    Error error = std::move(read).error();
    error.remedy = "name the edge's file with --config";
    return std::unexpected(std::move(error));
  }
  const std::string& text = *read;
  auto config = parse_config(path.string(), text, services);
  if (config) return std::move(*config);
  Error all = document::to_error(config.error().front());
  for (std::size_t i = 1; i < config.error().size(); ++i) {
    all.remedy += "\n" + document::format(config.error()[i]);
  }
  return std::unexpected(std::move(all));
}

Lb::Lb(net::asio::any_io_executor executor, LbOptions options, Config config, StateFile file)
    : executor_(executor),
      options_(std::move(options)),
      file_(std::move(file)),
      router_(authorize),
      tasks_(executor, report_failure),
      since_(wall_now()) {
  state_.config = std::move(config);
}
Lb::~Lb() = default;

Result<std::unique_ptr<Lb>> Lb::open(net::asio::any_io_executor executor, LbOptions options) {
  FL_TRY(Config config,
         read_config(options.config, options.cluster ? Services::of_control : Services::of_the_file));
  StateFile file(options.state_dir);
  FL_TRY_OK(file.lock());
  std::optional<Saved> saved;
  if (!options.fresh) {
    FL_TRY(saved, file.load());
  }
  std::unique_ptr<Lb> lb(new Lb(executor, std::move(options), std::move(config), std::move(file)));
  FL_TRY_OK(lb->begin(saved));
  lb->add_routes();
  FL_TRY(lb->server_, net::Server::open(executor, lb->options_.net, lb->router_));
  return lb;
}

Result<> Lb::begin(const std::optional<Saved>& saved) {
  if (saved) FL_TRY_OK(same_secret(state_.config.secret, saved->forwarding.self.cluster_seed));
  FL_TRY(engine_, open_engine(options_.name, state_.config));
  tables_ = std::make_unique<Tables>(engine_->take());
  if (tables_->had_rows() && !saved && !options_.fresh && !options_.cluster)
    return fail(Code::corrupt, file_.path().string(),
                "is missing, and the tables of an earlier run are in use",
                "put it back; or begin anew with --fresh: flows may then move to other servers");
  if (tables_->engine().forgot_flows())
    tell("FlowsForgotten", "lb",
         "an earlier version kept them in another form: those of changed slots choose anew");
  const auto room = static_cast<std::uint32_t>(tables_->memory().edge_flows.size() * FWD_BUCKET_FLOWS);
  keep_room(state_.config, room);
  if (options_.cluster) begin_in_cluster(saved);
  state_ = lb::begin(saved, state_.config, random_seed(), mono_now());
  FL_TRY(hops_,
         NextHops::open(executor_, [this](const IpAddress& target, const std::optional<Hop>& hop,
                                          const std::string& why) { (void)send(Found{target, hop, why}); }));
  if (options_.cluster && has_kernel(state_.config)) hops_->allow_here();
  prober_ = std::make_unique<Prober>(
      executor_,
      [this](const ProbeTarget& target, const ProbeResult& result) {
        const ProbeResult judged = judge(target, result);
        (void)send(Probed{target.service, target.server, judged.well, judged.reason});
      },
      [this](std::uint16_t port, std::uint32_t server) { tables_->engine().steer_probes(port, server); });
  FL_TRY_OK(publish());
  FL_TRY_OK(engine_->attach(state_.config));
  saved_at_ = mono_now();
  log::info(saved ? "what an earlier run left is adopted" : "this edge begins",
            {{"services", std::to_string(state_.services.size())}});
  return {};
}

// Rings are control's: only until it answers, what an earlier run knew goes on.
void Lb::begin_in_cluster(const std::optional<Saved>& saved) {
  unknowing_ = !saved;
  if (saved) state_.config.services = services_of(*saved);
  source_ = std::make_unique<ClusterSource>(
      *options_.cluster, [this](ClusterNews news) { take(std::move(news)); },
      [this] { return asks_ && has_kernel(state_.config) ? probes_of(state_) : std::nullopt; });
}

void Lb::take(ClusterNews news) {
  for (const Error& error : news.known.refused) tell("ServiceRefused", error.object, error.reason);
  const bool other = !unknowing_ && news.seed != state_.seed;
  if (other && control_refused_.empty())
    tell("ConfigRefused", "control", "gives another cluster than the one that this edge's flows have");
  control_refused_ =
      other ? "refused: another cluster than before; fairlead-lb --fresh begins anew there" : "";
  if (other) return;
  due_ = news.revision;
  asks_ = true;
  Config config = state_.config;
  config.services = std::move(news.known.services);
  if (!has_kernel(config))
    for (ServiceConfig& service : config.services) service.check.reset();
  if (!unknowing_ && config == state_.config) {
    if (!behind_) source_->set_applied(due_);
    return;
  }
  unknowing_ = false;
  state_.seed = news.seed;
  (void)send(Configured{std::move(config)});
  watch();
}

void Lb::start() {
  server_->start();
  watch();
  if (source_) {
    tasks_.spawn("control", source_->run());
    tasks_.spawn("heartbeat", source_->beat());
  }
  tasks_.spawn("next hops", hops_->run());
  tasks_.spawn("tick", tick_on(this));
}

net::Task<> Lb::stop() { return stop_on(this); }

net::Task<> Lb::stop_on(Lb* self) {
  self->prober_->cancel();
  self->tasks_.cancel();
  co_await self->server_->stop();
  co_await self->prober_->wait();
  co_await self->tasks_.wait();
  const Result<> saved = self->save();
  if (!saved) log::error("the state is not saved", {{"error", format(saved.error())}});
}

net::Task<> Lb::tick_on(Lb* self) {
  for (;;) {
    co_await net::sleep_for(kTick);
    self->tick();
  }
}

void Lb::tick() {
  (void)send(Ticked{});
  Rates::Sample sample{mono_now(), {}};
  for (const auto& [number, owner] : tables_->owners())
    if (const auto served = tables_->engine().served(number)) sample.served.emplace(number, *served);
  rates_.add(std::move(sample));
  if (behind_) publish_soon();
  look_for_links();
  look_for_quiet();
  if (mono_now() - saved_at_ < kSaveAges) return;
  saved_at_ = mono_now();
  (void)save();
}

// A link that was deleted and made again is another one: without our program.
void Lb::look_for_links() {
  std::vector<std::string> lost = engine_->lost(state_.config);
  for (const std::string& link : lost)
    if (std::ranges::find(lost_, link) == lost_.end())
      tell("LinkLost", link, "has gone, and our program with it: nothing that comes by it is balanced");
  if (!lost.empty()) {
    (void)engine_->attach(state_.config);
    lost_.insert(lost_.end(), lost.begin(), lost.end());
    lost = engine_->lost(state_.config);
  }
  for (const std::string& link : std::set(lost_.begin(), lost_.end()))
    if (std::ranges::find(lost, link) == lost.end()) tell("LinkFound", link, "is back, with our program");
  lost_ = std::move(lost);
}

// Not what nobody has said yet: a seed that this edge made up would keep it out of the cluster.
Result<> Lb::save() { return unknowing_ ? Result<>() : file_.save(saved_of(state_)); }

// Where a change waits to be settled: does any flow still need it?
void Lb::look_for_quiet() {
  const auto waits = [](const auto& one) {
    const Service& service = one.second;
    return service.settled < service.history.size() && service.history[service.settled].age >= kSettles;
  };
  if (mono_now() - looked_at_ < kLook || std::ranges::none_of(state_.services, waits)) return;
  looked_at_ = mono_now();
  const Result<api::Flows> all = flows("");
  if (!all) return;
  std::set<std::string> busy;
  for (const api::FlowCount& count : all->items) busy.insert(count.service);
  std::vector<std::string> names;
  for (const auto& [name, service] : state_.services) names.push_back(name);
  for (const std::string& name : names) (void)send(Quiet{name, !busy.contains(name)});
}

void Lb::reload() {
  Result<Config> config =
      read_config(options_.config, source_ ? Services::of_control : Services::of_the_file);
  Result<> good = config ? same_secret(config->secret, state_.seed) : std::unexpected(config.error());
  if (good) {
    if (source_) config->services = state_.config.services;
    keep_room(*config, state_.config.flows);
    good = engine_->attach(*config);
  }
  reload_error_ = good ? "" : in_a_line(good.error());
  if (!good) {
    tell("ConfigRefused", "lb", reload_error_);
    return;
  }
  (void)send(Configured{std::move(*config)});
  watch();
}

// Asks for the ways to all servers.
void Lb::watch() {
  std::set<IpAddress> targets;
  for (const auto& [name, service] : state_.services)
    for (const auto& [address, server] : service.servers) targets.insert(target_of(server));
  hops_->set_ports(engine_->links(state_.config));
  hops_->watch(std::move(targets));
}

Result<> Lb::send(const Event& event) {
  FL_TRY(const Outcome outcome, step(state_, event, mono_now()));
  tell(outcome.told);
  if (outcome.tables) publish_soon();
  return {};
}

void Lb::publish_soon() {
  behind_ = true;
  if (std::exchange(publish_posted_, true)) return;
  tasks_.spawn("publish", publish_later(this));
}

net::Task<> Lb::publish_later(Lb* self) {
  co_await net::sleep_for(kTogether);
  self->publish_posted_ = false;
  (void)self->publish();
}

Result<> Lb::publish() {
  if (unknowing_) return {};
  const Saved saved = saved_of(state_);
  Result<> done = file_.save(saved);
  std::size_t rows = 0;
  if (done) {
    Result<std::size_t> written = tables_->publish(saved.forwarding);
    if (written)
      rows = *written;
    else
      done = std::unexpected(std::move(written).error());
  }
  behind_ = !done;
  if (done && source_) source_->set_applied(due_);
  const std::string error = done ? "" : format(done.error());
  if (error != publish_error_ && !done) tell("TablesRefused", "lb", error);
  publish_error_ = error;
  if (done && prober_) probe();
  if (rows > 0) log::debug("tables", {{"rows", std::to_string(rows)}});
  return done;
}

void Lb::tell(const std::vector<Told>& told) {
  for (const Told& one : told) tell(one.what, one.object, one.why);
}

void Lb::tell(std::string what, std::string object, std::string why) {
  static const std::set<std::string> kBad{"ServerDown",  "AllDead",        "ConfigRefused",  "TablesRefused",
                                          "HistoryFull", "ServiceRefused", "FlowsForgotten", "LinkLost"};
  (kBad.contains(what) ? log::warn : log::info)(what, {{"object", object}, {"why", why}});
  events_.push_back({++told_, wall_now(), std::move(what), std::move(object), std::move(why)});
  if (events_.size() > kEvents) events_.pop_front();
}

Result<> Lb::drain(const std::string& service, const std::string& server, bool drained) {
  FL_TRY(const IpAddress address, IpAddress::parse(server));
  FL_TRY(const Outcome outcome, step(state_, Drained{service, address, drained}, mono_now()));
  tell(outcome.told);
  return publish();
}

std::string Lb::name_of(std::uint32_t number) const {
  for (const auto& [name, service] : state_.services)
    if (service.number == number) return name;
  return std::to_string(number);
}

}  // namespace fairlead::lb
