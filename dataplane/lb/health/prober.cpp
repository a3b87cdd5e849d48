// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/health/prober.h"

#include <algorithm>
#include <random>

#include "base/io/log.h"
#include "dataplane/lb/health/attempt.h"

namespace fairlead::lb {
namespace {

constexpr Millis kFull{20};  // until it is looked again whether another probe may begin

void report_failure(const std::string& name, const std::string& what) {
  log::error("a probe ended with an exception", {{"probe", name}, {"what", what}});
}

}  // namespace

struct Prober::Shared : std::enable_shared_from_this<Prober::Shared> {
  Shared(net::asio::any_io_executor on, OnResult tell, Steer to)
      : tasks(std::move(on), report_failure), on_result(std::move(tell)), steer(std::move(to)) {}

  struct Running {
    ProbeTarget target;
    bool wanted = true;
  };
  using Key = std::pair<std::string, IpAddress>;

  // Between nine and eleven tenths of it.
  Millis rhythm(Millis every) {
    const std::int64_t tenth = std::max<std::int64_t>(every.count() / 10, 1);
    return every + Millis(std::uniform_int_distribution<std::int64_t>(-tenth, tenth)(random));
  }

  static net::Task<> run(std::shared_ptr<Shared> self, std::shared_ptr<Running> running) {
    co_await net::sleep_for(Millis(self->random() % 50));  // many that begin together do not stay so
    while (running->wanted) {
      while (self->in_flight >= kInFlight) co_await net::sleep_for(kFull);
      ++self->in_flight;
      const ProbeResult result = co_await probe_once(running->target, self->steer);
      --self->in_flight;
      if (!running->wanted) co_return;
      self->on_result(running->target, result);
      co_await net::sleep_for(self->rhythm(running->target.check.every));
    }
  }

  net::TaskGroup tasks;
  OnResult on_result;
  Steer steer;
  std::map<Key, std::shared_ptr<Running>> running;
  std::size_t in_flight = 0;
  std::minstd_rand random{std::random_device{}()};
};

Prober::Prober(net::asio::any_io_executor executor, OnResult on_result, Steer steer)
    : shared_(std::make_shared<Shared>(std::move(executor), std::move(on_result), std::move(steer))) {}
Prober::~Prober() = default;

void Prober::set(const std::vector<ProbeTarget>& targets) {
  std::map<Shared::Key, std::shared_ptr<Shared::Running>> next;
  for (const ProbeTarget& target : targets) {
    const Shared::Key key{target.service, target.server};
    const auto known = shared_->running.find(key);
    if (known != shared_->running.end() && known->second->target == target) {
      next.insert(shared_->running.extract(known));
      continue;
    }
    const auto running = std::make_shared<Shared::Running>(target);
    next.emplace(key, running);
    shared_->tasks.spawn(target.service + "/" + format(target.server), Shared::run(shared_, running));
  }
  for (const auto& [key, old] : shared_->running) old->wanted = false;
  shared_->running = std::move(next);
}

void Prober::cancel() { shared_->tasks.cancel(); }
net::Task<> Prober::wait() { return shared_->tasks.wait(); }

}  // namespace fairlead::lb
