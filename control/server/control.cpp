// SPDX-License-Identifier: Apache-2.0
#include "control/server/control.h"

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <sys/random.h>
#include <unistd.h>
#include <utility>

#include "base/check.h"
#include "base/io/clock.h"
#include "base/io/log.h"
#include "control/server/agents/agents.h"
#include "control/server/api/api.h"
#include "control/server/authorize.h"
#include "control/store/sqlite_store.h"

namespace fairlead::server {
namespace {

constexpr Millis kTick{200};
constexpr Millis kHistoryAge{24LL * 3600 * 1000};

std::string random_hex(std::size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string raw(bytes, '\0');
  FL_CHECK(::getrandom(raw.data(), raw.size(), 0) == static_cast<ssize_t>(bytes), errno);
  std::string text;
  for (const char c : raw) {
    text += kDigits[static_cast<unsigned char>(c) >> 4U];
    text += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

std::string host_name() {
  std::array<char, 256> name{};
  (void)::gethostname(name.data(), name.size() - 1);
  return "control/" + std::string(name.data());
}

std::string fresh_uid() { return random_hex(16); }

FirstFacts first_facts(const std::string& wanted) {
  std::uint64_t seed = 0;
  FL_CHECK(::getrandom(&seed, sizeof seed, 0) == sizeof seed, errno);
  return {wanted,      "default",   seed,
          fresh_uid(), fresh_uid(), wall_now()};  // what agents take when they are not told
}

Result<std::unique_ptr<store::Store>> open_store(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error)
    return fail(Code::io, folder.string(), error.message(),
                "name a folder that can be written with --state-dir");
  return store::open_sqlite_store(folder / "store.db", {.age = kHistoryAge});
}

void report_failure(const std::string& name, const std::string& what) {
  log::error("a task ended with an exception", {{"task", name}, {"what", what}});
}

}  // namespace

struct Control::Parts : std::enable_shared_from_this<Control::Parts> {
  Parts(net::asio::any_io_executor on, std::unique_ptr<State> opened, ClusterRules rules)
      : executor(on),
        state(std::move(opened)),
        cluster(*state, rules, {wall_now, mono_now, fresh_uid, [this] { settle_soon(); }}),
        agents(cluster),
        api(cluster, agents, [this] { return server->counters(); }),
        router(authorize),
        tasks(on, report_failure) {
    api.add_routes(router);
    state->on_lost([this](const Error& error) { lost(error); });
  }
  ~Parts() { state->on_ready({}); }

  // The disk's thread asks the loop to tell what has become durable.
  void listen_to_store() {
    state->on_ready([loop = executor, weak = weak_from_this()] {
      net::asio::post(loop, [weak] {
        if (const auto self = weak.lock()) self->state->deliver();
      });
    });
  }

  void lost(const Error& error) {
    cluster.lost();
    if (!std::exchange(cannot_write, true))
      log::error("the store takes no writes", {{"error", format(error)}});
  }

  // Many facts that arrive together are decided on once.
  void settle_soon() {
    if (settle_posted) return;
    settle_posted = true;
    net::asio::post(executor, [self = shared_from_this()] {
      self->settle_posted = false;
      self->cluster.settle();
    });
  }

  static net::Task<> tick(std::shared_ptr<Parts> self) {
    for (;;) {
      co_await net::sleep_for(kTick);
      self->state->upkeep(mono_now());
      const Result<> leads = self->state->lead(self->holder, mono_now());
      if (!leads && !std::exchange(self->cannot_write, true))
        log::error("control does not lead", {{"error", format(leads.error())}});
      self->cluster.tick();
      self->agents.announce();
      if (leads && self->cannot_write && !self->state->stats().read_only) {
        self->cannot_write = false;
        log::info("the store takes writes again");
        self->agents.ask_again("what was reported meanwhile could not be stored; report again");
      }
    }
  }

  static net::Task<> stop(std::shared_ptr<Parts> self) {
    self->tasks.cancel();
    co_await self->server->stop();
    co_await self->tasks.wait();
  }

  net::asio::any_io_executor executor;
  std::unique_ptr<State> state;
  Cluster cluster;
  Agents agents;
  Api api;
  net::Router router;
  net::TaskGroup tasks;
  std::unique_ptr<net::Server> server;
  std::string holder;  // of the leader's lease; the store's file has one process, so one per host is enough
  bool settle_posted = false;
  bool cannot_write = false;
};

Control::Control(std::shared_ptr<Parts> parts) : parts_(std::move(parts)) {}
Control::~Control() = default;

Result<std::unique_ptr<Control>> Control::open(net::asio::any_io_executor executor, ControlOptions options) {
  FL_TRY(std::unique_ptr<store::Store> store, open_store(options.state_dir));
  FL_TRY(std::unique_ptr<State> state, State::open(std::move(store), first_facts(options.cluster)));
  const auto parts = std::make_shared<Parts>(executor, std::move(state), options.rules);
  parts->holder = host_name();
  // A disk that is full is no reason not to serve what is stored; tick() tries again.
  const Result<> leads = parts->state->lead(parts->holder, mono_now());
  if (!leads && !parts->state->stats().read_only) return std::unexpected(leads.error());
  FL_TRY(parts->server, net::Server::open(executor, std::move(options.net), parts->router));
  return std::unique_ptr<Control>(new Control(parts));
}

void Control::start() {
  parts_->listen_to_store();
  parts_->server->start();
  parts_->tasks.spawn("tick", Parts::tick(parts_));
  parts_->settle_soon();
}

net::Task<> Control::stop() { return Parts::stop(parts_); }

std::vector<net::TcpEndpoint> Control::tcp_endpoints() const { return parts_->server->tcp_endpoints(); }

}  // namespace fairlead::server
