// SPDX-License-Identifier: Apache-2.0
// What no node could ever hold, said at the field that asks for it. A whole
// number of cores that is a thousand times too large is a habit from
// elsewhere (millicores), and the message says so.
#include <algorithm>

#include "control/document/scalars.h"
#include "orchestrator/spec/checker.h"

namespace fairlead::spec {
namespace {

struct Largest {
  std::uint64_t amount = 0;
  std::string node;
};

Largest largest(std::span<const Node> nodes, std::uint64_t (*amount_of)(const Node&)) {
  Largest best;
  for (const Node& node : nodes)
    if (node.status.state == NodeState::ready && amount_of(node) > best.amount)
      best = {amount_of(node), node.meta.name};
  return best;
}

std::uint64_t cpu_of(const Node& node) { return node.cpu_milli; }
std::uint64_t memory_of(const Node& node) { return node.memory_bytes; }

std::string format_cpu(std::uint64_t milli) {
  return document::format_cpu(static_cast<std::uint32_t>(std::min<std::uint64_t>(milli, 0xFFFFFFFF)));
}

// The same digits with the next smaller unit, when that would fit.
std::string smaller(std::uint64_t asked, const Largest& best, std::uint64_t step,
                    std::string (*show)(std::uint64_t)) {
  if (asked % step == 0 && asked / step > 0 && asked / step <= best.amount)
    return "Did you mean " + show(asked / step) + "?";
  return "Ask for at most " + show(best.amount);
}

void compare(Checker& out, const std::string& path, std::uint64_t asked, const Largest& best,
             std::uint64_t step, std::string (*show)(std::uint64_t)) {
  if (best.amount == 0 || asked <= best.amount) return;
  out.complain(path, show(asked),
               "exceeds every node (largest: " + best.node + ", " + show(best.amount) + ")",
               smaller(asked, best, step, show));
}

}  // namespace

std::vector<Diagnostic> check_against_nodes(const Parsed& parsed, std::span<const Node> nodes) {
  Checker out(parsed);
  const Job* job = std::get_if<Job>(&parsed.object);
  if (job == nullptr) return {};
  const Largest cpu = largest(nodes, cpu_of), memory = largest(nodes, memory_of);
  std::uint64_t all_cpu = 0, all_memory = 0;
  for (std::size_t i = 0; i < job->pod.containers.size(); ++i) {
    const Resources& asked = job->pod.containers[i].resources;
    const std::string path = "containers[" + std::to_string(i) + "].resources";
    compare(out, path + ".cpu", asked.cpu_milli, cpu, 1000, format_cpu);
    compare(out, path + ".memory", asked.memory_bytes, memory, 1024, document::format_memory);
    all_cpu += asked.cpu_milli;
    all_memory += asked.memory_bytes;
  }
  if (!out.clean()) return out.take();
  if (cpu.amount != 0 && all_cpu > cpu.amount)
    out.complain("containers", "",
                 "together ask for " + format_cpu(all_cpu) + " cores, more than any node has (largest: " +
                     cpu.node + ", " + format_cpu(cpu.amount) + ")",
                 "Ask for less");
  if (memory.amount != 0 && all_memory > memory.amount)
    out.complain("containers", "",
                 "together ask for " + document::format_memory(all_memory) +
                     ", more than any node has (largest: " + memory.node + ", " +
                     document::format_memory(memory.amount) + ")",
                 "Ask for less");
  return out.take();
}

}  // namespace fairlead::spec
