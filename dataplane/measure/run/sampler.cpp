// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/run/sampler.h"

#include <algorithm>
#include <unistd.h>

#include "base/io/clock.h"
#include "dataplane/measure/engines/program_time.h"

namespace fairlead::measure {
namespace {

void add(Counts& to, const Counts& from, const std::string& whose) {
  for (const auto& [name, count] : from) to[whose + name] += count;
}

double part_of_others(const MachineTime& before, const MachineTime& now, std::uint64_t ours_ns) {
  const auto ticks = static_cast<double>(now.all - before.all);
  if (ticks <= 0) return 0;
  const double ours = static_cast<double>(ours_ns) * static_cast<double>(::sysconf(_SC_CLK_TCK)) / 1e9;
  const auto busy = static_cast<double>(now.busy - before.busy);
  return (std::max(0.0, busy - ours) + static_cast<double>(now.steal - before.steal)) / ticks;
}

}  // namespace

struct Sampler::Reading {
  MachineTime machine;
  std::uint64_t cpu_ns = 0, servers_ns = 0, servers_waited = 0, packets = 0, at_ns = 0;
  Told told;
};

Result<std::unique_ptr<Sampler>> Sampler::make(const Setting& setting) {
  std::unique_ptr<Sampler> made(new Sampler(setting));
  const std::vector<int> servers = setting.responder ? setting.responder->threads() : std::vector<int>{};
  made->servers_cpu_ = CpuMeter(servers, {});
  for (const Way& way : setting.ways) {
    SpaceCounters client;
    if (setting.house) {
      FL_TRY(client, SpaceCounters::open(setting.house->client(), {way.link}));
    }
    made->ways_.push_back({CpuMeter(servers, way.spaces), std::move(client)});
  }
  if (setting.house)
    for (const Space& server : setting.house->servers()) {
      FL_TRY(SpaceCounters counters, SpaceCounters::open(server, {"eth0", "pod0"}));
      made->servers_.push_back(std::move(counters));
    }
  return made;
}

Result<Sampler::Reading> Sampler::read(std::size_t way) const {
  Reading reading;
  if (Engine* engine = setting_.ways[way].engine.get()) {
    FL_TRY(reading.told, engine->told());
  }
  const Around& around = ways_[way];
  if (setting_.house) {
    add(reading.told.drops, around.client.drops(), "CLIENT_");
    for (const SpaceCounters& server : servers_) add(reading.told.drops, server.drops(), "SERVER_");
    reading.packets = around.client.packets();
  }
  reading.cpu_ns = around.cpu.nanoseconds();
  reading.servers_ns = servers_cpu_.nanoseconds();
  reading.servers_waited = servers_cpu_.waited();
  reading.machine = machine_time();
  reading.at_ns = mono_ns();
  return reading;
}

Result<double> Sampler::program_time(std::size_t way, const LoadSpec& spec, std::stop_token stop) {
  const Engine* engine = setting_.ways[way].engine.get();
  if (engine == nullptr || engine->programs().empty()) return 0.0;
  FL_TRY(const ProgramTime time, ProgramTime::begin(engine->programs()));
  FL_TRY_OK(take(way, spec, std::move(stop)));
  return time.ns_of_a_run();
}

Result<Taken> Sampler::take(std::size_t way, const LoadSpec& spec, std::stop_token stop) {
  for (std::size_t i = 0; i < setting_.ways.size(); ++i)
    if (setting_.ways[i].engine) setting_.ways[i].engine->rest(i != way);
  FL_TRY(const Reading before, read(way));
  Taken taken;
  FL_TRY(taken.sample, drive(spec, setting_.client, std::move(stop)));
  FL_TRY(const Reading now, read(way));
  taken.cpu_ns = now.cpu_ns - before.cpu_ns + taken.sample.cpu_ns;
  taken.packets = now.packets - before.packets;
  taken.told.packets = now.told.packets - before.told.packets;
  taken.told.drops = since(before.told.drops, now.told.drops);
  taken.told.meanings = now.told.meanings;
  const double time = static_cast<double>(now.at_ns - before.at_ns) * setting_.workers;
  taken.servers_busy = static_cast<double>(now.servers_ns - before.servers_ns) / time;
  taken.servers_waiting = static_cast<double>(now.servers_waited - before.servers_waited) / time;
  taken.others = part_of_others(before.machine, now.machine, taken.cpu_ns);
  return taken;
}

}  // namespace fairlead::measure
