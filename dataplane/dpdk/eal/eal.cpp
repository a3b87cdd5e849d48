// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/eal/eal.h"

#include <filesystem>
#include <optional>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_pci.h>
#include <sched.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace fairlead::dpdk {
namespace {

// The first of the CPUs that this thread may use: the main lcore stands there, but only while EAL starts.
int first_of(const cpu_set_t& cpus) {
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &cpus)) return cpu;
  return 0;
}

std::vector<std::string> arguments_of(const EalOptions& options, int cpu) {
  std::vector<std::string> arguments{"fairlead",
                                     "--no-telemetry",
                                     "--log-level=error",
                                     "--lcores=0@" + std::to_string(cpu),
                                     "-m",
                                     std::to_string(options.megabytes)};
  if (options.pci.empty()) arguments.insert(arguments.end(), {"--no-pci", "--iova-mode=va"});
  for (const std::string& device : options.pci) arguments.insert(arguments.end(), {"-a", device});
  if (options.hugepages) {
    arguments.emplace_back("--in-memory");
  } else {
    arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
  }
  arguments.emplace_back("--file-prefix=fairlead-" + std::to_string(::getpid()));
  return arguments;
}

Result<> start(const EalOptions& options) {
  cpu_set_t cpus;
  ::pthread_getaffinity_np(::pthread_self(), sizeof cpus, &cpus);
  static std::vector<std::string> arguments;  // EAL keeps pointers to them
  arguments = arguments_of(options, first_of(cpus));
  static std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  const int bad = rte_eal_init(static_cast<int>(pointers.size()), pointers.data());
  ::pthread_setaffinity_np(::pthread_self(), sizeof cpus, &cpus);
  if (bad >= 0) {
    std::error_code error;  // one process alone needs nothing of it
    std::filesystem::remove_all(rte_eal_get_runtime_dir(), error);
    return {};
  }
  return fail(Code::unavailable, "DPDK", std::string("cannot start: ") + rte_strerror(rte_errno),
              options.hugepages ? "reserve 2 MB pages (sysctl vm.nr_hugepages=512), or do without hugepages"
                                : "stderr says why; it needs memory and a writable runtime folder");
}

}  // namespace

bool is_pci(std::string_view device) {
  rte_pci_addr address{};
  return rte_pci_addr_parse(std::string(device.substr(0, device.find(','))).c_str(), &address) == 0;
}

Result<> start_eal(const EalOptions& options) {
  static std::optional<EalOptions> tried;
  static Result<> result;
  if (!tried) {
    tried = options;
    result = start(options);
  } else if (*tried != options) {
    return fail(Code::conflict, "DPDK", "runs in this process already, with other memory options",
                "use the options of the first start, or another process");
  }
  return result;
}

}  // namespace fairlead::dpdk
