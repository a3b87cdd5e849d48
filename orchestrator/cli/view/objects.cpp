// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/objects.h"

#include <algorithm>

#include "control/catalog/fields.h"
#include "control/catalog/network.h"
#include "orchestrator/cli/view/reference.h"

namespace fairlead::cli {
namespace {

using Row = std::vector<std::string>;

std::string count(std::uint64_t n) { return std::to_string(n); }
std::string share(std::uint64_t n, std::uint64_t of) { return count(n) + "/" + count(of); }

std::string words(const auto& scalar, const auto& value) { return scalar.write(value).text; }

std::string both(const IpAddress& v4, const IpAddress& v6) {
  std::string text = v4.is_none() ? "" : format(v4);
  if (!v6.is_none()) text += (text.empty() ? "" : " ") + format(v6);
  return text.empty() ? "-" : text;
}

std::string label_list(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text;
}

// Pods that hold resources: everything until the node has removed them.
bool holds(const Pod& pod) { return pod.status.phase != PodPhase::gone; }

// "n3 is silent", "crash-loop: ...; next try in 8s"
std::string why_of(const Pod& pod, const View& view) {
  if (view.silent.contains(pod.node)) return pod.node + " is silent";
  if (pod.status.next_try <= view.now) return pod.status.why;
  const auto seconds = (pod.status.next_try - view.now + Millis(999)) / Millis(1000);
  return pod.status.why + (pod.status.why.empty() ? "" : "; ") + "next try in " +
         format_duration(Millis(1000 * seconds));
}

std::string state_of(const Pod& pod) {
  if (pod.lost) return "lost";
  const bool leaves = pod.stop && pod.status.phase != PodPhase::gone;
  return words(kPodPhases, leaves ? PodPhase::stopping : pod.status.phase);
}

Row row(const Namespace& o, std::span<const Pod>, const View& view) {
  return {o.meta.name, network_name(o.network), format_age(o.meta.created, view.now)};
}

Row row(const Network& o, std::span<const Pod> pods, const View& view) {
  const auto used = std::ranges::count_if(
      pods, [&](const Pod& pod) { return network_name(pod.network) == o.meta.name && holds(pod); });
  return {o.meta.name,
          count(o.vni),
          words(kNetworkModes, o.mode),
          o.mtu ? count(*o.mtu) : "uplink",
          format(o.pools.pods4) + " " + format(o.pools.pods6),
          format(o.pools.vips4) + " " + format(o.pools.vips6),
          count(static_cast<std::uint64_t>(used)),
          format_age(o.meta.created, view.now)};
}

Row row(const Node& o, std::span<const Pod> pods, const View& view) {
  std::uint64_t running = 0, milli = 0, bytes = 0;
  for (const Pod& pod : pods) {
    if (pod.node != o.meta.name || !holds(pod)) continue;
    ++running;
    for (const Container& c : pod.pod.containers) {
      milli += c.resources.cpu_milli;
      bytes += c.resources.memory_bytes;
    }
  }
  const auto used = static_cast<std::uint32_t>(std::min<std::uint64_t>(milli, 0xFFFFFFFF));
  Row cells{o.meta.name,
            both(o.address, {}),
            words(kNodeStates, o.status.state),
            share(running, o.max_pods),
            doc::format_cpu(used) + "/" + doc::format_cpu(o.cpu_milli),
            format_size(bytes) + "/" + format_size(o.memory_bytes),
            o.status.kernel,
            format_age(o.meta.created, view.now)};
  if (view.wide)
    cells.insert(cells.end(), {both(o.host4, o.host6), o.uplink_mtu == 0 ? "-" : count(o.uplink_mtu),
                               o.status.version, label_list(o.meta.labels)});
  cells.push_back(o.status.why);
  return cells;
}

Row row(const Job& o, std::span<const Pod>, const View& view) {
  return {o.meta.name,
          "service",
          share(o.status.ready, o.replicas),
          count(o.status.updated),
          format_age(o.meta.created, view.now),
          o.status.why};
}

Row row(const Pod& o, std::span<const Pod>, const View& view) {
  return {o.meta.name,
          o.job.empty() ? "-" : o.job,
          o.node.empty() ? "-" : o.node,
          view.wide ? both(o.ipv4, o.ipv6) : both(o.ipv4.is_none() ? o.ipv6 : o.ipv4, {}),
          state_of(o),
          count(o.status.restarts),
          format_age(o.meta.created, view.now),
          why_of(o, view)};
}

std::string port_text(const ServicePort& port) {
  return count(port.port) + (port.protocol == Protocol::udp ? "/udp" : "");
}

// "edge", and where only some ports are the world's, which: "edge:443".
std::string scope_of(const Service& service) {
  std::string ports;
  for (const ServicePort& port : service.ports)
    if (port.scope == Scope::edge) ports += (ports.empty() ? "" : ",") + port_text(port);
  if (ports.empty()) return words(kScopes, Scope::cluster);
  const bool all = std::ranges::all_of(service.ports, [](const auto& p) { return p.scope == Scope::edge; });
  return words(kScopes, Scope::edge) + (all ? "" : ":" + ports);
}

Row row(const Ring& o, std::span<const Pod>, const View& view) {
  const WallTime last = o.steps.empty() ? o.meta.created : o.steps.back().at;
  return {o.meta.name,
          count(o.members.size()),
          count(o.unreached.size()),
          count(o.steps.size()),
          count(o.settled),
          format_age(last, view.now),
          format_age(o.meta.created, view.now)};
}

Row row(const Service& o, std::span<const Pod> pods, const View& view) {
  std::string ports;
  for (const ServicePort& port : o.ports)
    ports += (ports.empty() ? "" : ",") + port_text(port) + "->" +
             (port.name.empty() ? count(port.target) : port.name);
  std::uint64_t wanted = 0, ready = 0;
  for (const Pod& pod : pods) {
    if (pod.meta.ns != o.meta.ns || pod.job != o.job || pod.stop || !holds(pod)) continue;
    ++wanted;
    ready += pod.status.phase == PodPhase::ready && !view.silent.contains(pod.node) ? 1 : 0;
  }
  Row cells{o.meta.name, both(o.vip4, o.vip6), ports, share(ready, wanted), scope_of(o)};
  if (view.wide) cells.push_back(format_age(o.meta.created, view.now));
  return cells;
}

Row header(Kind kind, const View& view) {
  switch (kind) {
    case Kind::namespace_:
      return {"NAMESPACE", "NETWORK", "AGE"};
    case Kind::node: {
      Row names{"NODE", "ADDRESS", "STATE", "PODS", "CPU", "MEMORY", "KERNEL", "AGE"};
      if (view.wide) names.insert(names.end(), {"HOST", "UPLINK-MTU", "VERSION", "LABELS"});
      names.push_back("WHY");
      return names;
    }
    case Kind::job:
      return {"JOB", "TYPE", "READY", "UPDATED", "AGE", "WHY"};
    case Kind::pod:
      return {"POD", "JOB", "NODE", "ADDRESS", "STATE", "RESTARTS", "AGE", "WHY"};
    case Kind::network:
      return {"NETWORK", "VNI", "MODE", "MTU", "POD-POOLS", "VIP-POOLS", "PODS", "AGE"};
    case Kind::ring:
      return {"RING", "PODS", "UNREACHED", "CHANGES", "SETTLED", "LAST-CHANGE", "AGE"};
    case Kind::service:
      break;
  }
  Row names{"SERVICE", "VIP", "PORTS", "READY", "SCOPE"};
  if (view.wide) names.push_back("AGE");
  return names;
}

}  // namespace

Table table_of(Kind kind, std::span<const Object> objects, std::span<const Pod> pods, const View& view) {
  const bool with_namespace = view.all_namespaces && in_namespace(kind);
  Table table{header(kind, view), {}};
  if (with_namespace) table.header.insert(table.header.begin(), "NAMESPACE");
  for (const Object& object : objects) {
    Row cells = std::visit([&](const auto& o) { return row(o, pods, view); }, object);
    if (with_namespace) cells.insert(cells.begin(), meta_of(object).ns);
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace fairlead::cli
