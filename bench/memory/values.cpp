// SPDX-License-Identifier: Apache-2.0
#include "bench/memory/values.h"

#include <malloc.h>
#include <stdexcept>

#include "control/forwarding/compile.h"
#include "dataplane/model/lower.h"
#include "tests/support/facts.h"

namespace fairlead::bench {
namespace {

double allocated() {
  const auto now = ::mallinfo2();
  return static_cast<double>(now.uordblks + now.hblkhd);
}

struct Held {
  Snapshot snapshot;
  model::ForwardingState state;
  model::TableImage image;
};

Held look(Snapshot snapshot) {
  forwarding::NodeLocal local;
  local.uplink_ifindex = 2;
  auto compiled = forwarding::compile(snapshot, "n1", local);
  if (!compiled) throw std::runtime_error(format(compiled.error()));
  auto image = model::lower(compiled->state);
  if (!image) throw std::runtime_error(format(image.error()));
  return {std::move(snapshot), std::move(compiled->state), std::move(*image)};
}

void add_pods(Snapshot& snapshot, const Job& job, int count, int& address) {
  for (int i = 0; i < count; ++i) {
    Pod pod = facts::pod(job.meta.name + "-" + std::to_string(100000 + i), job, "n2");
    pod.meta.uid = "3f2504e0-4f89-41d3-9a0c-" + std::to_string(100000000000 + ++address);
    pod.ipv4 = facts::ip("10.244.1.0").plus(static_cast<std::uint64_t>(address));
    pod.ipv6 = facts::ip("fd00:244::1:0").plus(static_cast<std::uint64_t>(address));
    snapshot.put(pod);
  }
}

Service service_of(const Job& job, int number) {
  Service service;
  service.meta.ns = job.meta.ns;
  service.meta.name = service.job = job.meta.name;
  service.vip4 = facts::ip("10.96.1.0").plus(static_cast<std::uint64_t>(number));
  service.vip6 = facts::ip("fd00:96::100").plus(static_cast<std::uint64_t>(number));
  service.ports = {{"http", 80, 8080, Protocol::tcp}};
  return service;
}

double bytes_of_pods(int pods) {
  const double before = allocated();
  Snapshot snapshot = facts::snapshot(1, 2);
  int address = 0;
  add_pods(snapshot, facts::job("web", 1), pods, address);
  const Held held = look(std::move(snapshot));
  return allocated() - before;
}

double bytes_of_services(int services, int backends, bool exposed) {
  const double before = allocated();
  Snapshot snapshot = facts::snapshot(1, 2);
  int address = 0;
  for (int i = 0; i < services; ++i) {
    const Job job = facts::job("job-" + std::to_string(1000 + i), 1);
    snapshot.put(job);
    add_pods(snapshot, job, backends, address);
    if (exposed) snapshot.put(service_of(job, i));
  }
  const Held held = look(std::move(snapshot));
  return allocated() - before;
}

}  // namespace

double bytes_per_remote_pod(int pods) { return (bytes_of_pods(2 * pods) - bytes_of_pods(pods)) / pods; }

double bytes_per_service(int services, int backends) {
  const auto of_services = [backends](int count) {
    return bytes_of_services(count, backends, true) - bytes_of_services(count, backends, false);
  };
  return (of_services(2 * services) - of_services(services)) / services;
}

}  // namespace fairlead::bench
