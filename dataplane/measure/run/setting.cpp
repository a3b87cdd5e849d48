// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/run/setting.h"

#include <algorithm>
#include <cerrno>
#include <sched.h>
#include <span>
#include <sys/resource.h>

#include "dataplane/measure/nets/program.h"

namespace fairlead::measure {
namespace {

constexpr std::string_view kEngines[] = {"xdp", "dpdk", "node"};
constexpr std::string_view kPeers[] = {"nftables", "haproxy"};

Result<> one_of(const std::string& option, const std::string& name, std::span<const std::string_view> known) {
  if (std::ranges::find(known, name) != known.end()) return {};
  std::string all;
  for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + std::string(each);
  return fail(Code::invalid, option + " " + name, "is none of " + all, "choose among these");
}

Result<> within(const std::string& option, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  if (value >= low && value <= high) return {};
  return fail(Code::invalid, option + " " + std::to_string(value),
              "is not " + std::to_string(low) + " to " + std::to_string(high));
}

// Every flow is a descriptor, and its connection at the responder is one, too.
Result<> allow_descriptors(const BenchOptions& options) {
  constexpr rlim_t kOthers = 2048;
  const rlim_t needed = options.flows * (options.target ? 1UL : 2UL) + kOthers;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::unexpected(os_error(errno, "descriptors"));
  if (limit.rlim_cur >= needed) return {};
  const rlim_t most = std::max(limit.rlim_max, needed);
  limit = {std::min(needed, limit.rlim_max), limit.rlim_max};
  const rlimit higher{needed, most};
  if (::setrlimit(RLIMIT_NOFILE, &higher) == 0) return {};
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= needed) return {};
  return fail(Code::exhausted, "--flows " + std::to_string(options.flows),
              "needs " + std::to_string(needed) + " descriptors, and this process may have " +
                  std::to_string(limit.rlim_max),
              "ask for fewer flows, or raise the limit: ulimit -Hn");
}

// The client's threads on the first half of the CPUs, the servers' on the rest.
void place_threads(Setting& setting, const BenchOptions& options) {
  const std::vector<int> cpus = usable_cpus();
  const std::size_t half = std::max<std::size_t>(1, cpus.size() / 2);
  setting.client.cpus.assign(cpus.begin(), cpus.begin() + static_cast<std::ptrdiff_t>(half));
  setting.server_cpus.assign(cpus.begin() + static_cast<std::ptrdiff_t>(cpus.size() > 1 ? half : 0),
                             cpus.end());
  const unsigned found = std::min(8U, static_cast<unsigned>(half));
  setting.workers =
      std::clamp(options.workers != 0 ? options.workers : found, 1U, std::min(kMostWorkers, options.flows));
}

Result<std::vector<Way>> make_ways(House& house, const std::string& name, unsigned edge,
                                   const std::string& folder) {
  if (name == "node") return make_node(house, edge);
  std::vector<Way> ways(1);
  if (name == "xdp") {
    FL_TRY(ways[0], make_xdp(house, edge, folder));
  } else if (name == "dpdk") {
    FL_TRY(ways[0], make_dpdk(house, edge, folder));
  } else if (name == "nftables") {
    FL_TRY(ways[0], make_nftables(house, edge));
  } else {
    FL_TRY(ways[0], make_haproxy(house, edge, folder));
  }
  return ways;
}

Result<> add_ways(Setting& setting, const BenchOptions& options, const std::string& folder,
                  const OnProgress& on_progress) {
  House& house = *setting.house;
  Way direct{
      .name = "direct", .baseline = "", .about = "the client straight to one server", .to = house.server(0)};
  setting.ways.push_back(std::move(direct));
  unsigned edge = 0;
  for (const auto* names : {&options.engines, &options.peers})
    for (const std::string& name : *names) {
      on_progress({0, 0, "starting " + name});
      Result<std::vector<Way>> ways = make_ways(house, name, ++edge, folder);
      if (!ways) return std::unexpected(std::move(ways).error().within(name));
      for (Way& way : *ways) setting.ways.push_back(std::move(way));
    }
  return {};
}

Result<> start_servers(Setting& setting, const BenchOptions& options) {
  const House& house = *setting.house;
  const auto edges = static_cast<unsigned>(options.engines.size() + options.peers.size());
  const bool pods = std::ranges::find(options.engines, "node") != options.engines.end();
  std::vector<Listen> listens;
  for (std::size_t i = 0; i < house.servers().size(); ++i) {
    const int netns = house.servers()[i].netns();
    const auto number = static_cast<std::uint16_t>(i + 1);
    listens.push_back({netns, house.server(i), kPort, number});
    for (unsigned edge = 1; edge <= edges; ++edge)
      listens.push_back({netns, House::service(edge), kPort, number});
    if (pods) listens.push_back({netns, pod_address(i + 1), kPort, number});
  }
  FL_TRY(setting.responder, Responder::start(listens, setting.workers, setting.server_cpus));
  return {};
}

}  // namespace

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

Result<> check(const BenchOptions& options) {
  FL_TRY_OK(within("--flows", options.flows, 1, kMostFlows));
  FL_TRY_OK(within("--bytes", options.bytes, 24, 1400));
  FL_TRY_OK(within("--servers", options.servers, 1, kMostServers));
  FL_TRY_OK(within("--rounds", options.rounds, 1, kMostRounds));
  FL_TRY_OK(within("--workers", options.workers, 0, kMostWorkers));
  FL_TRY_OK(within("--time in ms", options.time_ns / 1'000'000, 50, 60'000));
  if (options.target) return {};
  for (const std::string& engine : options.engines) FL_TRY_OK(one_of("--engine", engine, kEngines));
  for (const std::string& peer : options.peers) FL_TRY_OK(one_of("--compare", peer, kPeers));
  std::vector<std::string> names = options.engines;
  names.insert(names.end(), options.peers.begin(), options.peers.end());
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    return fail(Code::invalid, *twice, "is named twice", "name it once");
  FL_TRY_OK(find_program("ip", "iproute2"));
  FL_TRY_OK(find_program("ethtool", "ethtool"));
  FL_TRY_OK(find_program("setpriv", "util-linux"));
  for (const auto& [name, program] : {std::pair("nftables", "nft"), std::pair("haproxy", "haproxy")})
    if (std::ranges::find(options.peers, name) != options.peers.end()) FL_TRY_OK(find_program(program, name));
  return {};
}

Result<std::unique_ptr<Setting>> Setting::make(const BenchOptions& options, const OnProgress& on_progress) {
  auto setting = std::make_unique<Setting>();
  place_threads(*setting, options);
  FL_TRY_OK(allow_descriptors(options));
  if (options.target) {
    Way way{.name = "target",
            .baseline = "",
            .about = "a service that runs already",
            .to = options.target->address};
    setting->ways.push_back(std::move(way));
    return setting;
  }
  on_progress({0, 0, "making " + std::to_string(options.servers) + " servers and a client"});
  FL_TRY(const std::string folder, own_mounts());
  FL_TRY(House house, House::build(options.servers));
  setting->house = std::move(house);
  setting->client.netns = setting->house->client().netns();
  FL_TRY_OK(add_ways(*setting, options, folder, on_progress));
  FL_TRY_OK(start_servers(*setting, options));
  return setting;
}

}  // namespace fairlead::measure
