// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/pods/pod_work.h"

#include <csignal>
#include <optional>

#include "base/net/netlink.h"
#include "control/catalog/network.h"
#include "control/dns/resolv_conf.h"
#include "orchestrator/agent/pods/names.h"
#include "orchestrator/runtime/container/container.h"
#include "orchestrator/runtime/container/exec_probe.h"
#include "orchestrator/runtime/network/link.h"
#include "orchestrator/runtime/network/netns.h"
#include "orchestrator/runtime/network/probe.h"

namespace fairlead::agent {
namespace {

// The containers of a pod share their ports' names.
std::optional<std::uint16_t> find_port(const PodTemplate& pod, const std::string& name) {
  for (const Container& container : pod.containers)
    for (const ContainerPort& port : container.ports)
      if (port.name == name) return port.port;
  return std::nullopt;
}

}  // namespace

PodWork::PodWork(runtime::NodePaths paths, const NodeNetworks& networks, Tables& tables)
    : paths_(std::move(paths)), networks_(networks), tables_(tables) {}

Result<> PodWork::run(const Work& work, const std::stop_token& stop) {
  const Pod& pod = *work.pod;
  const std::string& uid = pod.meta.uid;
  if (work.verb == Verb::make_netns) return make_netns(pod);
  if (work.verb == Verb::make_network) return make_link(pod);
  if (work.verb == Verb::remove_network) return remove_network(pod);
  const Container& container = pod.pod.containers.at(work.container);
  switch (work.verb) {
    case Verb::prepare:
      return runtime::prepare_container(paths_, pod, container);
    case Verb::create:
      return runtime::create_container(paths_, pod, container);
    case Verb::start:
      return runtime::start_container(paths_, uid, container.name);
    case Verb::probe_ready:
    case Verb::probe_live:
      return probe(pod, container, work.verb, stop);
    case Verb::term:
      return runtime::kill_container(paths_, uid, container.name, SIGTERM);
    case Verb::kill:
      return runtime::kill_container(paths_, uid, container.name, SIGKILL);
    case Verb::remove_container:
      return runtime::remove_container(paths_, uid, container.name);
    case Verb::make_netns:
    case Verb::make_network:
    case Verb::remove_network:
      break;
  }
  return {};
}

// Once per pod, not per container: two containers may be created at the same time.
Result<> PodWork::write_files(const Pod& pod, const PodNetwork& network) {
  runtime::PodFiles files;
  files.pod_name = pod.meta.name;
  files.ns = pod.meta.ns;
  files.ipv4 = pod.ipv4;
  files.ipv6 = pod.ipv6;
  files.resolv_conf = dns::resolv_conf(pod.meta.ns, pod.ipv4.is_none() ? network.dns6 : network.dns4);
  return runtime::write_pod_files(paths_, pod.meta.uid, files);
}

Result<> PodWork::make_network(const Pod& pod) {
  FL_TRY_OK(make_netns(pod));
  return make_link(pod);
}

Result<> PodWork::make_netns(const Pod& pod) {
  FL_TRY(const PodNetwork network, networks_.of(pod.network));
  FL_TRY_OK(write_files(pod, network));
  return runtime::create_netns(paths_, pod.meta.uid);
}

Result<> PodWork::make_link(const Pod& pod) {
  const std::string& uid = pod.meta.uid;
  FL_TRY(const PodNetwork network, networks_.of(pod.network));
  runtime::PodLink link;
  link.host_end = pod_link_name(paths_.cluster, uid);
  link.mac = mac_of(first_address(pod));
  link.gateway = kGatewayMac;
  link.mtu = network.mtu;
  link.ipv4 = pod.ipv4;
  link.ipv6 = pod.ipv6;
  FL_TRY(const runtime::LinkIndex index, runtime::create_pod_link(paths_, uid, link));
  return tables_.attach(uid, {index.host, link.mac});
}

Result<> PodWork::remove_network(const Pod& pod) {
  const std::string name = pod_link_name(paths_.cluster, pod.meta.uid);
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY(const std::optional<LinkInfo> link, netlink.find_link(name));
  FL_TRY_OK(runtime::delete_link(name));  // with its program on it: without one, whoever lives could speak
  FL_TRY_OK(tables_.detach(pod.meta.uid, link ? link->index : 0));
  return runtime::remove_pod(paths_, pod.meta.uid);
}

Result<> PodWork::probe(const Pod& pod, const Container& container, Verb verb, const std::stop_token& stop) {
  const Probe& spec = verb == Verb::probe_ready ? *container.ready : *container.live;
  const auto judge = [](const std::string& what, const ProbeResult& result) {
    return result.well ? Result<>{} : fail(Code::unavailable, "probe of " + what, result.reason);
  };
  if (spec.type == Probe::Type::exec) {
    const runtime::ExecProbe exec{verb == Verb::probe_ready ? "ready" : "live", spec.exec, spec.timeout};
    return judge(spec.exec.front(), runtime::probe_exec(paths_, pod.meta.uid, container.name, exec, stop));
  }
  const std::optional<std::uint16_t> port = find_port(pod.pod, spec.port);
  if (!port) return fail(Code::invalid, "probe of " + spec.port, "the pod has no port of this name");
  const IpAddress& address = pod.ipv4.is_none() ? pod.ipv6 : pod.ipv4;
  return judge(spec.port, runtime::probe(spec.type, address, *port, spec.path, spec.timeout, stop));
}

}  // namespace fairlead::agent
