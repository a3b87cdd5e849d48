// SPDX-License-Identifier: Apache-2.0
// What an object must obey by itself, beyond its form.
#include <algorithm>
#include <array>
#include <set>

#include "control/catalog/image_reference.h"
#include "control/document/scalars.h"
#include "orchestrator/spec/checker.h"
#include "orchestrator/spec/names.h"

namespace fairlead::spec {
namespace {

using document::display_value;

constexpr std::uint32_t kMaxReplicas = 10'000;
constexpr std::size_t kMaxContainers = 16;
constexpr std::size_t kMaxPorts = 64;
constexpr std::size_t kMaxEntries = 256;  // of labels, env
constexpr std::size_t kMaxValueBytes = 64U << 10;
constexpr std::uint64_t kLeastMemory = 4U << 20;
constexpr std::uint64_t kMostMemory = std::uint64_t{64} << 40;
constexpr Millis kLongestGrace{3'600'000};

void check_name(Checker& out, const std::string& path, const std::string& name) {
  if (!is_dns_label(name)) out.complain(path, display_value(name), "is not a name", name_remedy(name));
}

void check_labels(Checker& out, const std::string& path, const Labels& labels) {
  if (labels.size() > kMaxEntries) out.complain(path, "", "has more than 256 entries", "Remove some");
  for (const auto& [key, value] : labels) {
    const bool good = is_label_key(key) && is_label_value(value);
    if (!good)
      out.complain(path, display_value(key + ": " + value), "is not a label",
                   "Use letters, digits, dot, dash and underscore, at most 63 characters");
  }
}

void check_meta(Checker& out, const Meta& meta) {
  check_name(out, "name", meta.name);
  if (!meta.ns.empty()) check_name(out, "namespace", meta.ns);
  check_labels(out, "labels", meta.labels);
}

void check_resources(Checker& out, const std::string& path, const Resources& resources) {
  if (resources.cpu_milli == 0) out.complain(path + ".cpu", "0", "is no CPU at all", "Write at least 0.001");
  if (resources.cpu_milli > 4'096'000)
    out.complain(path + ".cpu", document::format_cpu(resources.cpu_milli), "is more than any machine has",
                 "Write cores, like 0.25");
  const std::string memory = document::format_memory(resources.memory_bytes);
  if (resources.memory_bytes < kLeastMemory)
    out.complain(path + ".memory", memory, "is too little to start a container", "Write at least 4MiB");
  if (resources.memory_bytes > kMostMemory)
    out.complain(path + ".memory", memory, "is more than any machine has", "Write an amount like 64MiB");
  out.range<std::uint32_t>(path + ".pids", resources.pids, 1, 1'000'000);
}

void check_command(Checker& out, const std::string& path, const Container& c) {
  check_words(out, path + ".command", c.command);
  if (c.env.size() > kMaxEntries) out.complain(path + ".env", "", "has more than 256 entries", "Remove some");
  for (const auto& [name, value] : c.env) {
    if (!is_variable(name))
      out.complain(path + ".env", display_value(name), "is not the name of a variable",
                   "Use letters, digits and underscore, no digit first");
    if (value.size() > kMaxValueBytes)
      out.complain(path + ".env", display_value(name), "has a value longer than 64 KiB",
                   "Put it into a file");
  }
}

void check_image(Checker& out, const std::string& path, const std::string& image) {
  const Result<ImageReference> parsed = parse_image_reference(image);
  if (parsed) return;
  const Error& error = parsed.error();
  out.complain(path + ".image", display_value(image), error.reason, "W" + error.remedy.substr(1), error.code);
}

// The containers of a pod share one network namespace: names and numbers are unique among all.
void check_ports(Checker& out, const std::vector<Container>& containers) {
  std::set<std::string> names;
  std::set<std::pair<std::uint16_t, Protocol>> numbers;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const std::string path = "containers[" + std::to_string(i) + "].ports";
    if (containers[i].ports.size() > kMaxPorts)
      out.complain(path, "", "has more than 64 entries", "Remove some");
    for (const ContainerPort& port : containers[i].ports) {
      check_name(out, path, port.name);
      if (!names.insert(port.name).second)
        out.complain(path, display_value(port.name), "stands in another container of this pod already",
                     "Rename it");
      if (!numbers.emplace(port.port, port.protocol).second)
        out.complain(path, std::to_string(port.port), "is used twice in this pod", "Use another port");
    }
  }
}

void check_template(Checker& out, const PodTemplate& pod) {
  if (pod.containers.empty()) out.complain("containers", "", "is empty", "Add a container");
  if (pod.containers.size() > kMaxContainers)
    out.complain("containers", "", "has more than 16 entries", "Split the job");
  std::set<std::string> names;
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    const Container& c = pod.containers[i];
    const std::string path = "containers[" + std::to_string(i) + "]";
    check_name(out, path + ".name", c.name);
    if (!names.insert(c.name).second)
      out.complain(path + ".name", display_value(c.name), "is the name of another container", "Rename it");
    check_image(out, path, c.image);
    check_command(out, path, c);
    check_resources(out, path + ".resources", c.resources);
    if (c.ready) check_probe(out, path + ".ready", *c.ready, pod.containers);
    if (c.live) check_probe(out, path + ".live", *c.live, pod.containers);
  }
  check_ports(out, pod.containers);
  if (pod.grace > kLongestGrace)
    out.complain("grace", format_duration(pod.grace), "is longer than 1h", "Write a shorter duration");
}

void check_expose(Checker& out, const Job& job) {
  std::vector<std::string_view> names;
  std::map<std::string_view, Protocol> protocols;
  for (const Container& c : job.pod.containers)
    for (const ContainerPort& p : c.ports) {
      names.push_back(p.name);
      protocols[p.name] = p.protocol;
    }
  std::set<std::pair<std::uint16_t, Protocol>> seen;
  if (job.expose.size() > kMaxPorts) out.complain("expose", "", "has more than 64 entries", "Remove some");
  for (std::size_t i = 0; i < job.expose.size(); ++i) {
    const Expose& e = job.expose[i];
    const std::string path = "expose[" + std::to_string(i) + "]";
    const auto protocol = protocols.find(e.to);
    if (protocol == protocols.end()) {
      const std::string near = document::suggest(e.to, names);
      out.complain(path + ".to", display_value(e.to), "is not the name of a port of any container",
                   near.empty() ? "Declare it in ports" : near);
    } else if (!seen.emplace(e.port, protocol->second).second) {
      out.complain(path + ".port", std::to_string(e.port), "is exposed twice", "Use another port");
    }
  }
}

// How long a pool's prefix may be: control gives out at most 65,536 addresses of each, of pods' pools half.
struct PoolRule {
  const char* name;
  Prefix NetworkPools::* pool;
  Family family;
  std::uint8_t widest, narrowest;
};
constexpr std::array<PoolRule, 4> kPoolRules{{{"pods4", &NetworkPools::pods4, Family::v4, 8, 26},
                                              {"pods6", &NetworkPools::pods6, Family::v6, 32, 122},
                                              {"vips4", &NetworkPools::vips4, Family::v4, 8, 27},
                                              {"vips6", &NetworkPools::vips6, Family::v6, 32, 123}}};

void check_pools(Checker& out, const NetworkPools& pools) {
  if (pools == NetworkPools{})
    return out.complain("pools", "", "is missing", "Add it, with pods4, pods6, vips4 and vips6");
  for (const PoolRule& rule : kPoolRules) {
    const Prefix& pool = pools.*rule.pool;
    const std::string path = std::string("pools.") + rule.name;
    const bool v4 = rule.family == Family::v4;
    if (pool.family() != rule.family) {
      out.complain(path, format(pool), v4 ? "is no range of IPv4" : "is no range of IPv6",
                   v4 ? "Write one like 10.0.0.0/16" : "Write one like fd00::/64");
      continue;
    }
    if (pool.length < rule.widest || pool.length > rule.narrowest)
      out.complain(
          path, format(pool),
          "has a length outside " + std::to_string(rule.widest) + " to " + std::to_string(rule.narrowest),
          "Write a range of another size");
    else if (is_reserved(pool))
      out.complain(path, format(pool), "holds addresses that no pod can have",
                   v4 ? "Use a private range, like 10.0.0.0/16" : "Use a private range, like fd00::/64");
    for (const PoolRule* other = kPoolRules.data(); other != &rule; ++other)
      if ((pools.*other->pool).family() == other->family && other->family == pool.family() &&
          pool.overlaps(pools.*other->pool))
        out.complain(path, format(pool),
                     std::string("overlaps ") + other->name + " " + format(pools.*other->pool),
                     "Give each pool a range of its own");
  }
}

void check_network(Checker& out, const Network& network) {
  check_meta(out, network.meta);
  out.range<std::uint32_t>("vni", network.vni, 1, (1U << 24) - 1);
  check_pools(out, network.pools);
  if (network.mtu && (*network.mtu < 1280 || *network.mtu > 65535))
    out.complain("mtu", std::to_string(*network.mtu), "is outside 1280 (which IPv6 needs) to 65535",
                 "Write a number in between, or leave it out: then it is what each node's uplink leaves");
}

struct Check {
  Checker& out;

  void operator()(const Namespace& o) const {
    check_meta(out, o.meta);
    if (!o.network.empty()) check_name(out, "network", o.network);
  }
  void operator()(const Network& o) const { check_network(out, o); }
  void operator()(const Node& o) const { check_meta(out, o.meta); }
  void operator()(const Service& o) const { check_meta(out, o.meta); }
  void operator()(const Ring& o) const { check_meta(out, o.meta); }
  void operator()(const Pod& o) const {
    check_meta(out, o.meta);
    check_template(out, o.pod);
  }
  void operator()(const Job& o) const {
    check_meta(out, o.meta);
    if (o.meta.name.size() > kMaxJobName)
      out.complain("name", display_value(o.meta.name), "is longer than 52 characters",
                   "Shorten it: pods are named after their job");
    out.range<std::uint32_t>("replicas", o.replicas, 0, kMaxReplicas);
    check_template(out, o.pod);
    check_expose(out, o);
    check_labels(out, "place.nodes", o.place.nodes);
    out.range<std::uint32_t>("update.surge", o.update.surge, 0, kMaxReplicas);
    out.range<std::uint32_t>("update.unavailable", o.update.unavailable, 0, kMaxReplicas);
    if (o.update.drain > kLongestGrace)
      out.complain("update.drain", format_duration(o.update.drain), "is longer than 1h",
                   "Write a shorter duration");
    if (o.update.surge == 0 && o.update.unavailable == 0)
      out.complain("update", "", "allows neither more nor fewer pods, so that nothing could be replaced",
                   "Set surge or unavailable to 1");
  }
};

}  // namespace

std::vector<Diagnostic> validate(const Parsed& parsed) {
  Checker out(parsed);
  std::visit(Check{out}, parsed.object);
  return out.take();
}

}  // namespace fairlead::spec
