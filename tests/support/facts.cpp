// SPDX-License-Identifier: Apache-2.0
#include "tests/support/facts.h"

#include "control/catalog/network.h"
#include "control/catalog/template_hash.h"

namespace fairlead::facts {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

Node node(const std::string& name, std::uint16_t number) {
  Node node;
  node.meta.name = name;
  node.meta.uid = "uid-" + name;
  node.meta.revision = Revision(1);
  node.number = number;
  node.address = ip("192.0.2.0").plus(number);
  node.host4 = ip("10.244.0.200").plus(number);
  node.host6 = ip("fd00:244::c8").plus(number);
  node.cpu_milli = 4000;
  node.memory_bytes = 8ULL << 30U;
  node.max_pods = 100;
  node.status.since = kNoon;
  return node;
}

Job job(const std::string& name, std::uint32_t replicas) {
  Job job;
  job.meta.name = name;
  job.meta.ns = kDefaultNamespace;
  job.meta.uid = "uid-" + name;
  job.meta.revision = Revision(1);
  job.meta.created = kNoon;
  job.replicas = replicas;
  Container main;
  main.name = "main";
  main.image = "oci:" + name;
  main.ports = {{"http", 8080, Protocol::tcp}, {"dns", 53, Protocol::udp}};
  job.pod.containers.push_back(main);
  return job;
}

Job exposed(Job job) {
  job.expose = {{80, "http"}, {53, "dns"}};
  return job;
}

Pod pod(const std::string& name, const Job& job, const std::string& node, PodPhase phase) {
  Pod pod;
  pod.meta.name = name;
  pod.meta.ns = job.meta.ns;
  pod.meta.uid = "uid-" + name;
  pod.meta.revision = Revision(1);
  pod.meta.created = kNoon;
  pod.job = job.meta.name;
  pod.node = node;
  pod.pod = job.pod;
  pod.template_hash = template_hash(job.pod);
  pod.epoch = 1;
  pod.status.phase = phase;
  pod.status.since = kNoon;
  return pod;
}

Snapshot snapshot(std::uint64_t revision, std::uint16_t nodes) {
  Snapshot snapshot;
  snapshot.revision = Revision(revision);
  snapshot.put(default_network());
  for (std::uint16_t i = 1; i <= nodes; ++i) snapshot.put(node("n" + std::to_string(i), i));
  return snapshot;
}

}  // namespace fairlead::facts
