// SPDX-License-Identifier: Apache-2.0
// Random objects from a seed, for round trips: every field takes its default,
// its edges and odd texts (quotes, YAML words, control characters, other
// scripts) now and then. random_job() obeys what spec::validate demands.
#pragma once

#include <random>

#include "control/catalog/objects.h"

namespace fairlead::tests {

class RandomObjects {
 public:
  explicit RandomObjects(std::uint64_t seed) : random_(seed) {}

  Object any() {
    switch (below(6)) {
      case 0:
        return Namespace{meta(false), below(2) == 0 ? name() : ""};
      case 1:
        return node();
      case 2:
        return job();
      case 3:
        return pod();
      case 4:
        return network();
      default:
        return service();
    }
  }

  std::uint64_t below(std::uint64_t n) {
    return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_);
  }
  std::uint32_t small(std::uint32_t from, std::uint32_t to) {
    return from + static_cast<std::uint32_t>(below(to - from + 1));
  }

  std::string name() {
    static constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789", kAll = "abcxyz0189-";
    std::string text(1, kFirst[below(kFirst.size())]);
    const std::uint64_t length = below(12);
    for (std::uint64_t i = 0; i < length; ++i) text += kAll[below(kAll.size())];
    return text + kFirst[below(kFirst.size())];
  }

  std::string odd_text() {
    static const std::vector<std::string> kOdd{"no",
                                               "true",
                                               "null",
                                               "~",
                                               "",
                                               " ",
                                               "010",
                                               "1e3",
                                               "0x1f",
                                               "12:30:45",
                                               "a: b",
                                               "- a",
                                               "#x",
                                               "a #b",
                                               "\"q\"",
                                               "'s'",
                                               "\\n",
                                               "\n\n",
                                               "\t x",
                                               "{a: b}",
                                               "[1]",
                                               "&a",
                                               "*a",
                                               "!t",
                                               "%x",
                                               "@x",
                                               "`",
                                               "|",
                                               ">",
                                               "?",
                                               "a,b",
                                               "10.0.0.1",
                                               "1.0",
                                               "-1",
                                               "+1",
                                               ".5",
                                               "1_000",
                                               "2024-01-01",
                                               "é",
                                               "日本語",
                                               "\xF0\x9F\x98\x80",
                                               "\xC2\x85",
                                               "\xE2\x80\xA8",
                                               "\xEF\xBB\xBF",
                                               "\x7F",
                                               "\x01",
                                               "x\r\ny",
                                               "--- ",
                                               "...",
                                               "=",
                                               "<<",
                                               "trailing:",
                                               ":x",
                                               "a  ",
                                               "1s",
                                               "64MiB",
                                               "Yes",
                                               "NULL",
                                               ".inf",
                                               "\xEF\xBF\xBE"};
    return below(3) == 0 ? name() : kOdd[below(kOdd.size())];
  }

  Labels labels(bool odd = false) {
    Labels map;
    for (std::uint64_t n = below(4); n > 0; --n) map[name()] = odd ? odd_text() : name();
    return map;
  }

  Meta meta(bool in_namespace) {
    Meta m{name(), in_namespace ? name() : "", labels(), "", Revision(0), {}};
    if (below(2) == 0) m.uid = name();
    if (below(2) == 0) m.revision = Revision(below(3) == 0 ? random_() : below(1000));
    if (below(2) == 0) m.created = time();
    return m;
  }

  WallTime time() { return WallTime(Millis(below(4'000'000'000'000))); }
  IpAddress address() {
    if (below(2) == 0) return IpAddress::v4(static_cast<std::uint32_t>(1 + below(0xFFFFFFFE)));
    return IpAddress::parse("fd00::1").value().plus(random_());
  }

  Resources resources() {
    return {small(1, 64000), std::uint64_t{small(4096, 1 << 20)} << (below(2) * 10 + 10), small(2, 4096)};
  }

  Container container(std::uint16_t index) {
    Container c;
    c.name = "c" + std::to_string(index) + name();
    c.image = "oci:images/" + name();
    for (std::uint64_t n = below(3); n > 0; --n) c.command.push_back(odd_text());
    for (std::uint64_t n = below(3); n > 0; --n) c.env["E" + std::to_string(n)] = odd_text();
    if (below(2) == 0) c.resources = resources();
    const std::uint64_t ports = below(3);
    for (std::uint64_t i = 0; i < ports; ++i)
      c.ports.push_back({"p" + std::to_string(index) + std::to_string(i),
                         static_cast<std::uint16_t>(1000 + index * 100 + i),
                         below(2) == 0 ? Protocol::udp : Protocol::tcp});
    if (below(2) == 0) c.ready = probe(c);
    if (below(3) == 0) c.live = probe(c);
    return c;
  }

  Probe probe(Container& container) {
    Probe p;
    if (container.ports.empty() || below(3) == 0) {
      p.type = Probe::Type::exec;
      p.exec = {"/bin/" + name()};
      for (std::uint64_t n = below(3); n > 0; --n) p.exec.push_back(odd_text());
    } else {
      container.ports.front().protocol = Protocol::tcp;
      p.port = container.ports.front().name;
      if (below(2) == 0) p.type = Probe::Type::http;
      if (p.type == Probe::Type::http && below(2) == 0) p.path = "/healthz?a=b";
    }
    if (below(2) == 0) p.every = Millis(500 + below(10000));
    if (below(3) == 0) p.after = Millis(below(60000));
    if (below(2) == 0) p.timeout = Millis(10 + below(10000));
    if (below(2) == 0) p.failures = small(1, 10);
    return p;
  }

  PodTemplate pod_template() {
    PodTemplate t;
    const std::uint16_t count = static_cast<std::uint16_t>(1 + below(2));
    for (std::uint16_t i = 0; i < count; ++i) t.containers.push_back(container(i));
    if (below(2) == 0) t.grace = Millis(below(3'600'001));
    return t;
  }

  Job job() {
    Job j;
    j.meta = meta(true);
    j.replicas = small(0, 3);
    j.pod = pod_template();
    std::uint16_t port = 80;
    for (const Container& c : j.pod.containers)
      for (const ContainerPort& p : c.ports)
        if (below(2) == 0) j.expose.push_back({port++, p.name});
    if (below(2) == 0) j.place = {below(2) == 0 ? Spread::none : Spread::node, labels()};
    if (below(2) == 0) j.update = {small(1, 3), small(0, 3), Millis(below(2) * below(3'600'001))};
    if (below(2) == 0) j.status = {small(0, 3), small(0, 3), small(0, 3), odd_text()};
    return j;
  }

  Pod pod() {
    Pod p;
    p.meta = meta(true);
    p.job = name();
    p.node = name();
    if (below(2) == 0) p.network = name();
    p.pod = pod_template();
    p.template_hash = name();
    if (below(4) != 0) p.ipv4 = address();
    if (below(4) != 0) p.ipv6 = address();
    p.epoch = small(0, 5);
    p.stop = below(2) == 0;
    p.lost = p.stop && below(2) == 0;
    p.drain = Millis(below(2) * below(3'600'001));
    p.status.phase = static_cast<PodPhase>(below(7));
    p.status.restarts = small(0, 3);
    p.status.failures = small(0, 3);
    p.status.why = below(2) == 0 ? "" : odd_text();
    if (below(2) == 0) p.status.exit_code = static_cast<std::int32_t>(below(256)) - 1;
    if (below(2) == 0) p.status.since = time();
    if (below(2) == 0) p.status.next_try = time();
    return p;
  }

  Service service() {
    Service s;
    s.meta = meta(true);
    s.job = name();
    if (below(2) == 0) s.network = name();
    if (below(4) != 0) s.vip4 = address();
    if (below(4) != 0) s.vip6 = address();
    for (std::uint64_t n = below(3); n > 0; --n)
      s.ports.push_back({name(), static_cast<std::uint16_t>(80 + n),
                         static_cast<std::uint16_t>(small(1, 65535)),
                         below(2) == 0 ? Protocol::udp : Protocol::tcp});
    return s;
  }

  // Pools that obey spec::validate: one after the other in 10.0.0.0/8 and fd00::/16.
  Network network() {
    Network n;
    n.meta = meta(false);
    n.index = small(0, 64);
    n.vni = small(1, (1U << 24) - 1);
    const std::uint32_t at = small(0, 63);
    n.pools.pods4 = {IpAddress::v4(0x0A000000U | at << 17), 16};
    n.pools.vips4 = {IpAddress::v4(0x0A010000U | at << 17), static_cast<std::uint8_t>(small(16, 26))};
    n.pools.pods6 = {IpAddress::parse("fd00:" + std::to_string(at + 1) + "::").value(), 64};
    n.pools.vips6 = {IpAddress::parse("fd01:" + std::to_string(at + 1) + "::").value(), 112};
    if (below(2) == 0) n.mtu = small(1280, 9000);
    return n;
  }

  Node node() {
    Node n;
    n.meta = meta(false);
    n.number = static_cast<std::uint16_t>(small(0, 4095));
    if (below(4) != 0) n.address = address();
    if (below(4) != 0) n.host4 = address();
    for (std::uint64_t i = below(3); i > 0; --i) n.hosts.push_back({name(), address(), {}});
    n.cpu_milli = small(0, 64000);
    n.memory_bytes = below(4) == 0 ? 0 : random_() >> 14;
    n.max_pods = small(0, 250);
    if (below(2) == 0) n.uplink_mtu = small(1280, 9000);
    n.status = {static_cast<NodeState>(below(2)), time(), "6.18.44", "0.1.0",
                below(2) == 0 ? "" : odd_text()};
    return n;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace fairlead::tests
