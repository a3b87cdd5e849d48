// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone/schema.h"

#include <algorithm>
#include <map>
#include <utility>

namespace fairlead::dns {
namespace {

constexpr std::uint32_t kRefreshSeconds = 7200, kRetrySeconds = 1800, kExpireSeconds = 86400;
constexpr std::uint16_t kWeight = 100;  // of an SRV record: all alike
constexpr std::string_view kSchemaVersion = "1.1.0";

bool is_wanted(const Pod& pod) {
  return !pod.stop && pod.status.phase != PodPhase::stopping && pod.status.phase != PodPhase::gone;
}

bool is_ready(const Pod& pod) { return is_wanted(pod) && pod.status.phase == PodPhase::ready; }

bool is_headless(const Service& service) { return service.vip4.is_none() && service.vip6.is_none(); }

class Schema {
 public:
  Schema(const Snapshot& snapshot, const SchemaOptions& options, const Name& domain)
      : snapshot_(snapshot), options_(options), domain_(domain.folded()), soa_(soa_of(domain)) {
    content_.revision = snapshot.revision;
  }

  Content make() && {
    zones();
    for (const auto& [id, pod] : snapshot_.pods)
      if (is_here(pod->network)) add_pod(*pod);
    add_by_address();
    for (const auto& [id, service] : snapshot_.services)
      if (is_here(service->network)) add_service(*service);
    for (const auto& [id, ns] : snapshot_.namespaces)
      if (is_here(ns->network)) add_namespace(ns->meta.name);
    for (const auto& [id, node] : snapshot_.nodes) add_node(*node);
    if (options_.mesos_aliases) add_aliases();
    return std::move(content_);
  }

 private:
  Soa soa_of(const Name& domain) const {
    Soa soa;
    soa.primary = Name::parse("ns.dns").value();
    soa.mailbox = Name::parse("hostmaster").value();
    soa.primary.append(domain);
    soa.mailbox.append(domain);
    soa.serial = static_cast<std::uint32_t>(snapshot_.revision.value);
    soa.refresh = kRefreshSeconds;
    soa.retry = kRetrySeconds;
    soa.expire = kExpireSeconds;
    soa.minimum = kTtlSeconds;
    return soa;
  }

  bool is_here(const std::string& network) const { return network_name(network) == options_.network; }

  std::string name(std::initializer_list<std::string_view> labels) const {
    return Name::fold(wire(labels, domain_));
  }

  void add(const std::string& owner, Type type, std::string data) {
    content_.add(owner, type, kTtlSeconds, std::move(data));
  }

  void add_address(const std::string& owner, const IpAddress& address) {
    if (!address.is_none()) add(owner, address.is_v4() ? Type::a : Type::aaaa, address_data(address));
  }

  // Both of them; the reverse name leads back to `owner`.
  void add_addresses(const std::string& owner, const IpAddress& v4, const IpAddress& v6) {
    for (const IpAddress& address : {v4, v6}) add_address(owner, address);
  }
  void add_reverse(const std::string& owner, const IpAddress& v4, const IpAddress& v6) {
    for (const IpAddress& address : {v4, v6}) {
      if (address.is_none()) continue;
      const std::string reverse = reverse_name(address);
      if (content_.zone_of(reverse) != nullptr) add(reverse, Type::ptr, owner);
    }
  }

  void zones() {
    content_.add_zone(domain_, soa_, kTtlSeconds);
    for (const std::string_view label : {"svc", "pod"}) content_.touch(name({label}));
    add(name({"dns-version"}), Type::txt, text_data(kSchemaVersion));
    add(name({"revision"}), Type::txt, text_data(std::to_string(snapshot_.revision.value)));
    const std::string server = name({"ns", "dns"});
    add(domain_, Type::ns, server);
    const auto network = network_of(snapshot_, options_.network);
    if (!network) return;
    add_addresses(server, dns4(*network), dns6(*network));
    const NetworkPools& pools = network->pools;
    for (const Prefix& pool : {pools.pods4, pools.pods6, pools.vips4, pools.vips6}) {
      if (pool.address.is_none()) continue;
      const std::string zone = reverse_zone(pool);
      content_.add_zone(zone, soa_, kTtlSeconds);
      add(zone, Type::ns, server);
    }
    add_reverse(server, dns4(*network), dns6(*network));
  }

  // Any spelling of a pod's address is a name below <ns>.pod.
  void add_namespace(std::string_view ns) {
    content_.touch(name({ns, "svc"}));
    content_.touch(name({ns, "pod"})).open = true;
  }

  void add_pod(const Pod& pod) {
    add_namespace(pod.meta.ns);
    if (is_ready(pod) && !pod.job.empty()) ready_[{pod.meta.ns, pod.job}].push_back(&pod);
    if (!is_wanted(pod)) return;
    const std::string owner = name({pod.meta.name, pod.meta.ns, "pod"});
    add_addresses(owner, pod.ipv4, pod.ipv6);
    add_reverse(owner, pod.ipv4, pod.ipv6);
    for (const IpAddress& address : {pod.ipv4, pod.ipv6})
      if (!address.is_none()) by_address_.push_back({name({dash(address), pod.meta.ns, "pod"}), address});
  }

  void add_service(const Service& service) {
    add_namespace(service.meta.ns);
    const std::string owner = name({service.meta.name, service.meta.ns, "svc"});
    content_.touch(owner);
    add_addresses(owner, service.vip4, service.vip6);
    add_reverse(owner, service.vip4, service.vip6);
    const auto ready = ready_.find({service.meta.ns, service.job});
    if (ready != ready_.end())
      for (const Pod* pod : ready->second) {
        const std::string host = wire({Name::fold(pod->meta.name)}, owner);
        add_addresses(host, pod->ipv4, pod->ipv6);
        if (is_headless(service)) add_addresses(owner, pod->ipv4, pod->ipv6);
      }
    for (const ServicePort& port : service.ports) add_port(service, port, owner);
  }

  void add_port(const Service& service, const ServicePort& port, const std::string& owner) {
    if (port.name.empty()) return;
    const std::string_view protocol = port.protocol == Protocol::tcp ? "_tcp" : "_udp";
    const std::string at = Name::fold(wire({"_" + port.name, protocol}, owner));
    if (!is_headless(service)) return add(at, Type::srv, srv_data(0, kWeight, port.port, owner));
    if (at.size() <= kMaxNameOctets) content_.touch(at);
    const auto ready = ready_.find({service.meta.ns, service.job});
    if (ready == ready_.end()) return;
    for (const Pod* pod : ready->second)
      add(at, Type::srv, srv_data(0, kWeight, port.target, wire({Name::fold(pod->meta.name)}, owner)));
  }

  void add_node(const Node& node) {
    const HostAddresses host = host_of(node, options_.network);
    if (host.ipv4.is_none() && host.ipv6.is_none()) return;
    const std::string owner = name({node.meta.name, "node"});
    add_addresses(owner, host.ipv4, host.ipv6);
    add_reverse(owner, host.ipv4, host.ipv6);
    if (node.meta.name == options_.node) add_addresses(name({"thisnode"}), host.ipv4, host.ipv6);
  }

  void add_aliases() {
    for (const auto& [id, pods] : ready_)
      for (const Pod* pod : pods) {
        const auto& [ns, job] = id;
        for (const std::string_view kind : {"containerip", "autoip"})
          add_addresses(name({job, ns, kind}), pod->ipv4, pod->ipv6);
        const auto node = fairlead::find(snapshot_.nodes, "", pod->node);
        if (node) add_address(name({job, ns, "agentip"}), node->address);
      }
    for (const auto& [id, service] : snapshot_.services)
      if (is_here(service->network))
        add_addresses(name({service->meta.name, service->meta.ns, "l4lb"}), service->vip4, service->vip6);
  }

  // A pod may have the name that spells another's address: the name wins.
  void add_by_address() {
    for (const auto& [owner, address] : by_address_)
      if (content_.find(owner) == nullptr) add_address(owner, address);
  }

  const Snapshot& snapshot_;
  const SchemaOptions& options_;
  std::string domain_;
  Soa soa_;
  Content content_;
  std::map<ObjectName, std::vector<const Pod*>> ready_;  // by namespace and job
  std::vector<std::pair<std::string, IpAddress>> by_address_;
};

}  // namespace

IpAddress undash(std::string_view label) {
  for (const char separator : {'.', ':'}) {
    std::string text(label);
    std::ranges::replace(text, '-', separator);
    if (const auto address = IpAddress::parse(text)) return *address;
  }
  return {};
}

std::string dash(const IpAddress& address) {
  std::string text = format(address);
  std::ranges::replace(text, '.', '-');
  std::ranges::replace(text, ':', '-');
  return text;
}

Result<Content> content_of(const Snapshot& snapshot, const SchemaOptions& options) {
  FL_TRY(const Name domain, Name::parse(options.domain));
  if (domain.wire().size() > kMaxDomainOctets)
    return fail(Code::invalid, "cluster domain \"" + options.domain + "\"", "is too long",
                "use at most " + std::to_string(kMaxDomainOctets - 2) + " characters");
  return Schema(snapshot, options, domain).make();
}

}  // namespace fairlead::dns
