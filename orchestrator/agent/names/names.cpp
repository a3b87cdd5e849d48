// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/names/names.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/io/log.h"
#include "control/dns/server/server.h"

namespace fairlead::agent {
namespace {

namespace asio = boost::asio;

struct Served {
  Network network;
  dns::Server server;
};

}  // namespace

struct Names::State {
  // Runs it there, and waits for it.
  template <class Function>
  auto on_thread(Function function) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto done = task.get_future();
    asio::post(loop, [&task] { task(); });
    return done.get();
  }

  State(std::string name, ebpf::NodeNames table, bool in_kernel)
      : node(std::move(name)), kernel(std::move(table)), guard(asio::make_work_guard(loop)) {
    kernel.publisher().turn(in_kernel);
    thread = std::thread([this] { loop.run(); });
  }
  ~State() {
    on_thread([this] { served.clear(); });
    guard.reset();
    thread.join();
  }

  void publish_newest() {
    std::shared_ptr<const Snapshot> snapshot;
    {
      const std::lock_guard lock(mutex);
      snapshot = std::exchange(newest, nullptr);
    }
    if (!snapshot) return;  // a later one went before
    std::vector<std::uint32_t> nets;
    std::size_t in_table = 0, left = 0;
    for (auto& [name, one] : served) {
      Result<dns::Zone> zone = dns::Zone::compile(*snapshot, {.network = name, .node = node});
      nets.push_back(one.network.index);
      if (!zone) {
        log::error("names are not published", {{"network", name}, {"why", format(zone.error())}});
        continue;
      }
      const auto shared = std::make_shared<const dns::Zone>(std::move(*zone));
      one.server.publish(shared);
      const model::Published published = kernel.publisher().publish(shared->network_names());
      in_table += published.names;
      left += published.left_out;
    }
    kernel.publisher().keep_only(nets);
    if (left > 0 && left_out == 0)
      log::warn("names find no room in the kernel's table, the server answers for them",
                {{"names", std::to_string(left)}});
    names = in_table;
    left_out = left;
  }

  std::string node;
  ebpf::NodeNames kernel;
  asio::io_context loop{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  std::map<std::string, Served> served;  // by network; the thread's
  std::mutex mutex;
  std::shared_ptr<const Snapshot> newest;
  std::atomic<std::size_t> names = 0, left_out = 0;
  bool unanswered = false;  // a server has no zone yet
  std::thread thread;
};

Names::Names(std::string node, ebpf::NodeNames kernel, bool in_kernel)
    : state_(std::make_unique<State>(std::move(node), std::move(kernel), in_kernel)) {}
Names::~Names() = default;

Result<> Names::open(const std::vector<NodeNetwork>& networks) {
  return state_->on_thread([this, &networks]() -> Result<> {
    std::map<std::string, Served> next;
    auto& served = state_->served;
    for (const NodeNetwork& each : networks) {
      const auto open = served.find(each.network.meta.name);
      if (open != served.end() && open->second.network.pools == each.network.pools) continue;
      FL_TRY(dns::Server server, dns::Server::open(state_->loop, {dns4(each.network), dns6(each.network)}));
      next.emplace(each.network.meta.name, Served{each.network, std::move(server)});
      state_->unanswered = true;
    }
    for (const NodeNetwork& each : networks)
      if (auto open = served.extract(each.network.meta.name); open && !next.contains(open.key()))
        next.insert(std::move(open));
    served = std::move(next);
    return {};
  });
}

void Names::publish(std::shared_ptr<const Snapshot> snapshot) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->newest = std::move(snapshot);
  }
  if (std::exchange(state_->unanswered, false))
    state_->on_thread([this] { state_->publish_newest(); });
  else
    asio::post(state_->loop, [this] { state_->publish_newest(); });
}

void Names::count(proto::NodeCounters& to) const {
  const dns::Counters dns = state_->on_thread([this] {
    dns::Counters sum;
    for (const auto& [name, one] : state_->served) sum += one.server.counters();
    return sum;
  });
  to.dns_queries = dns.queries;
  to.dns_noerror = dns.noerror;
  to.dns_nxdomain = dns.nxdomain;
  to.dns_refused = dns.refused;
  to.dns_notimp = dns.notimp;
  to.dns_badvers = dns.badvers;
  to.dns_formerr = dns.formerr;
  to.dns_short = dns.dropped_short;
  to.dns_response = dns.dropped_response;
  to.dns_unready = dns.dropped_unready;
  to.dns_unsent = dns.unsent;
  to.dns_receive = dns.receive_errors;
  to.dns_tcp_connections = dns.tcp_connections;
  to.dns_tcp_refused = dns.tcp_refused;
  to.dns_tcp_idle = dns.tcp_idle;
  to.dns_names = state_->names;
  to.dns_names_left_out = state_->left_out;
  const auto counts = state_->kernel.counts();
  if (!counts) return;
  for (const ebpf::NameCount& one : *counts)
    (one.answered ? to.dns_kernel_answered : to.dns_kernel_passed) += one.queries;
}

}  // namespace fairlead::agent
