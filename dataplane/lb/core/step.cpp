// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/core/step.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace fairlead::lb {
namespace {

std::string name_of(const Service& service, const Server& server) {
  return service.config.name + "/" + format(server.config.address);
}

class Step {
 public:
  Step(State& state, MonoTime now) : state_(state), now_(now) {}

  Result<Outcome> run(const Event& event) {
    grow_older();
    FL_TRY_OK(std::visit([this](const auto& e) { return take(e); }, event));
    for (Service* service : touched_) repair(*service);
    return std::move(outcome_);
  }

 private:
  void tell(std::string what, std::string object, std::string why) {
    outcome_.told.push_back({std::move(what), std::move(object), std::move(why)});
  }

  void grow_older() {
    const Millis passed = now_ - state_.now;
    state_.now = now_;
    if (passed <= Millis{0}) return;
    for (auto& [name, service] : state_.services) {
      for (Change& change : service.history) change.age += passed;
      settle(service);
    }
  }

  void settle(Service& service) {
    if (service.config.ring) return;
    const Millis least = service.quiet ? kSettles : std::max(kSettles, state_.config.settle);
    for (; service.settled < service.history.size() && service.history[service.settled].age >= least;
         ++service.settled)
      outcome_.tables = true;
    // The newest change stays: it says who is in the ring.
    if (service.settled < kFolds || service.history.size() < 2) return;
    const auto count = std::min<std::size_t>(service.settled, service.history.size() - 1);
    std::vector<model::RingChange> oldest;
    for (std::size_t i = 0; i < count; ++i) oldest.push_back(service.history[i].members);
    service.base = model::folded(service.base, oldest, count, state_.seed);
    service.history.erase(service.history.begin(),
                          service.history.begin() + static_cast<std::ptrdiff_t>(count));
    service.settled -= static_cast<std::uint32_t>(count);
    outcome_.tables = true;
  }

  void touch_all() {
    for (auto& [name, service] : state_.services) touched_.push_back(&service);
  }

  Result<> take(const Configured& event) {
    const State before = state_;
    std::set<std::uint32_t> taken;
    for (const auto& [name, service] : before.services) taken.insert(service.number);
    const Ways ways = ways_of(before);
    state_.config = event.config;
    state_.services.clear();
    for (const ServiceConfig& from : event.config.services) {
      Service service;
      if (const auto known = before.services.find(from.name); known != before.services.end()) {
        service = known->second;
      } else {
        for (service.number = 1; taken.contains(service.number);) ++service.number;
        taken.insert(service.number);
        service.waits_since = now_;
      }
      reconfigure(service, from, ways);
      state_.services.emplace(from.name, std::move(service));
    }
    const bool of_control =
        std::ranges::any_of(event.config.services, [](const ServiceConfig& s) { return s.ring.has_value(); });
    if (!of_control || before.services.size() != state_.services.size())
      tell("Configured", "lb", services_text());
    outcome_.tables = true;
    touch_all();
    return {};
  }

  std::string services_text() const {
    const std::size_t count = state_.services.size();
    return std::to_string(count) + (count == 1 ? " service" : " services");
  }

  // The way to a target is told once, when it is found: who is new takes it from those who have it.
  using Ways = std::map<IpAddress, std::pair<std::optional<Hop>, std::string>>;
  static Ways ways_of(const State& state) {
    Ways ways;
    for (const auto& [name, service] : state.services)
      for (const auto& [address, server] : service.servers)
        ways.try_emplace(target_of(server), server.hop, server.no_hop);
    return ways;
  }

  static void reconfigure(Service& service, const ServiceConfig& to, const Ways& ways) {
    const bool other_check = service.config.check != to.check;
    service.config = to;
    std::map<IpAddress, Server> servers;
    for (const ServerConfig& config : to.servers) {
      Server server;
      if (const auto known = service.servers.find(config.address); known != service.servers.end()) {
        server = known->second;
        if (server.config.to != config.to) server.hop.reset();
      }
      server.config = config;
      if (const auto way = ways.find(target_of(server)); way != ways.end() && !server.hop)
        std::tie(server.hop, server.no_hop) = way->second;
      if (other_check || !config.asked) server.judged = false;
      servers.emplace(config.address, std::move(server));
    }
    service.servers = std::move(servers);
    take_given_ring(service);
  }

  Result<> take(const Drained& event) {
    const auto service = state_.services.find(event.service);
    if (service == state_.services.end())
      return fail(Code::not_found, "service " + event.service, "is not known here", "see fairlead lb status");
    const auto server = service->second.servers.find(event.server);
    if (server == service->second.servers.end())
      return fail(Code::not_found, "server " + format(event.server), "is not one of " + event.service,
                  "see fairlead lb backends");
    if (service->second.config.ring)
      return fail(Code::conflict, "server " + format(event.server), "is a pod, which control takes out",
                  "delete the pod, or have its probe fail");
    if (!event.drained && server->second.config.drain)
      return fail(Code::conflict, "server " + format(event.server), "is drained by the file",
                  "remove its drain: true and reload");
    if (server->second.drained == event.drained) return {};
    server->second.drained = event.drained;
    outcome_.tables = true;
    touched_.push_back(&service->second);
    tell(event.drained ? "ServerDrained" : "ServerUndrained", name_of(service->second, server->second),
         "asked for");
    return {};
  }

  Result<> take(const Probed& event) {
    const auto service = state_.services.find(event.service);
    if (service == state_.services.end() || !service->second.config.check) return {};
    const auto server = service->second.servers.find(event.server);
    if (server == service->second.servers.end()) return {};
    touched_.push_back(&service->second);
    judge(service->second, server->second, event);
    return {};
  }

  void judge(const Service& service, Server& server, const Probed& event) {
    if (!event.well || server.up) server.why = event.well ? "" : event.why;
    if (event.well) server.why.clear();
    if (!server.judged) {
      // One that may have flows, of before a restart, does not lose them by one lost packet.
      const bool may_have_flows = in_ring(service, server.config.address);
      if (!event.well && may_have_flows && ++server.streak < service.config.check->fall) return;
      server.judged = true;
      server.streak = 0;
      return turn(service, server, event.well);
    }
    if (event.well == server.up) {
      server.streak = 0;
      return;
    }
    ++server.streak;
    const Check& check = *service.config.check;
    if (server.streak < (event.well ? check.rise : check.fall)) return;
    if (event.well && server.held_until && now_ < *server.held_until) return;
    turn(service, server, event.well);
  }

  void turn(const Service& service, Server& server, bool up) {
    const bool was_up = server.up;
    server.up = up;
    server.streak = 0;
    if (up) {
      server.rose = now_;
      server.held_until.reset();
      return tell("ServerUp", name_of(service, server),
                  server.wait > Millis{0} ? "after a wait: it flaps" : "");
    }
    const bool flaps = was_up && server.rose && now_ - *server.rose < kSteady;
    server.wait = flaps ? std::clamp(server.wait * 2, kFirstWait, kLongestWait) : Millis{0};
    server.held_until = now_ + server.wait;
    tell("ServerDown", name_of(service, server), server.why);
  }

  Result<> take(const Found& event) {
    for (auto& [name, service] : state_.services)
      for (auto& [address, server] : service.servers) {
        if (target_of(server) != event.target) continue;
        touched_.push_back(&service);
        const bool had = has_way(service, server);
        if (event.hop) {
          outcome_.tables |= server.hop != event.hop;
          server.hop = event.hop;
          server.no_hop.clear();
        } else {
          server.no_hop = event.why.empty() ? "no way to it is known" : event.why;
        }
        if (!had && has_way(service, server))
          tell("WayFound", name_of(service, server), format(server.hop->next_hop));
      }
    return {};
  }

  Result<> take(const Quiet& event) {
    const auto service = state_.services.find(event.service);
    if (service == state_.services.end()) return {};
    service->second.quiet = event.quiet;
    settle(service->second);
    return {};
  }

  Result<> take(const Ticked&) {
    touch_all();
    return {};
  }

  // Who is in the ring: never nobody while anybody could be.
  model::RingChange members_of(Service& service) {
    model::RingChange well, all;
    bool any_unknown = false;
    for (const auto& [address, server] : service.servers) {
      if (!has_way(service, server) || server.leaves()) continue;
      const model::RingMember member{address, server.config.weight};
      all.push_back(member);
      const bool unknown = service.config.check && !server.judged;
      any_unknown |= unknown;
      if (!service.config.check || (server.judged ? server.up : in_ring(service, address)))
        well.push_back(member);
    }
    look_dead(service, well.empty() && !all.empty() && !any_unknown);
    return well.empty() ? all : well;
  }

  void look_dead(Service& service, bool dead) {
    if (dead != service.all_dead)
      tell(dead ? "AllDead" : "NotAllDead", service.config.name,
           dead ? "every server's probes fail; all are kept" : "a server's probes succeed");
    service.all_dead = dead;
  }

  // Control, which hears what the probes of all edges see, says who is in the ring.
  void look_at_given(Service& service) {
    bool any = false, dead = true;
    for (const auto& [address, server] : service.servers) {
      if (!server.config.asked) continue;
      any = true;
      dead &= is_asked(service, server) && server.judged && !server.up;
    }
    look_dead(service, any && dead);
  }

  // Before its first ring a service waits for all of its servers' next hops, so that they come in one change.
  bool waits(const Service& service) const {
    if (!service.waits_since || now_ - *service.waits_since >= kHopPatience) return false;
    return std::ranges::any_of(service.servers,
                               [](const auto& s) { return !s.second.hop && s.second.no_hop.empty(); });
  }

  void repair(Service& service) {
    if (service.config.ring) return look_at_given(service);
    if (waits(service)) return;
    service.waits_since.reset();
    const model::RingChange members = members_of(service);
    if (service.history.empty() ? members.empty() : members == service.history.back().members) return;
    const bool full = service.history.size() >= kMaxHistory;
    if (full && !service.full)
      tell("HistoryFull", service.config.name,
           "its ring has changed " + std::to_string(kMaxHistory) +
               " times and stays as it is until the oldest changes are settled");
    service.full = full;
    if (full) return;
    service.history.push_back({members, Millis{0}});
    outcome_.tables = true;
  }

  State& state_;
  MonoTime now_;
  Outcome outcome_;
  std::vector<Service*> touched_;
};

}  // namespace

Result<Outcome> step(State& state, const Event& event, MonoTime now) { return Step(state, now).run(event); }

}  // namespace fairlead::lb
