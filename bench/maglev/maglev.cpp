// SPDX-License-Identifier: Apache-2.0
// bench_maglev: what does the edge's ring, which is repaired at a change of its members, cost, how even is
// it, and how many flows does a change move that it need not? Baseline: the nodes' Maglev ring, which is
// built anew at each change.
//
// Flows are hashes spread evenly over both rings. A change must move the flows of whoever has less after
// it than before, as many as it has lost; what moves beside them is the excess.
#include "dataplane/model/ring/maglev.h"

#include <algorithm>
#include <fmt/format.h>
#include <random>

#include "bench/support/run.h"
#include "dataplane/model/ring/edge_ring.h"

namespace fairlead::bench {
namespace {

constexpr std::uint32_t kFlows = 1U << 20;
constexpr double kPercent = 100.0;

using Owners = std::vector<std::uint32_t>;  // of flows: how manieth member

std::vector<model::RingMember> members(std::size_t count) {
  std::vector<model::RingMember> made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back({IpAddress::parse("10.244.0.0").value().plus(i + 1), 1});
  return made;
}

std::vector<model::Backend> backends(const std::vector<model::RingMember>& of) {
  std::vector<model::Backend> made;
  for (const model::RingMember& member : of) made.push_back({member.address, 80, member.weight, {}});
  return made;
}

// The flow's slot by the high bits of its hash, of a ring of any size.
std::size_t slot_of(std::uint32_t flow, std::size_t slots) {
  return static_cast<std::size_t>(std::uint64_t{flow} * slots / kFlows);
}

// Members are numbered in the order of their addresses, so that a ring of fewer of them has the same numbers.
Owners owners(const std::vector<std::uint32_t>& slots) {
  Owners result(kFlows);
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) result[flow] = slots[slot_of(flow, slots.size())];
  return result;
}

// In per cent of all flows.
double excess(const Owners& before, const Owners& after, std::size_t members) {
  std::vector<std::int64_t> lost(members);
  std::int64_t moved = 0, must = 0;
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
    ++lost[before[flow]];
    --lost[after[flow]];
    moved += before[flow] != after[flow];
  }
  for (const std::int64_t flows : lost) must += std::max<std::int64_t>(flows, 0);
  return kPercent * static_cast<double>(moved - must) / kFlows;
}

// By how much the largest share is above the mean, in per cent.
double imbalance(const std::vector<std::uint32_t>& slots, std::size_t members) {
  std::vector<std::uint32_t> counts(members);
  for (const std::uint32_t owner : slots) ++counts[owner];
  const double mean = static_cast<double>(slots.size()) / static_cast<double>(members);
  return kPercent * (std::ranges::max(counts) - mean) / mean;
}

// A sum that is small where both may be 0 has no ratio.
Figure without_ratio(const Pairs& pairs) {
  Figure figure = single(pairs.ours);
  figure.baseline = median(pairs.baseline);
  return figure;
}

class Maglev {
 public:
  explicit Maglev(Bench& bench) : bench_(bench) {}

  void of(std::size_t count) {
    const std::string keys = fmt::format("backends={}", count);
    const bool both = count <= model::kMaxRingBackends;
    const auto all = members(count);
    const auto other = backends(all);
    const auto builds = [&] {
      return timed([&] { size_ += model::repaired({}, all, ++seed_).slots.size(); });
    };
    const auto rebuilds = [&] { return timed([&] { size_ += model::maglev_ring(other, seed_).size(); }); };
    const model::EdgeRing ring = model::repaired({}, all, 1);
    const auto one_less = std::vector(all.begin(), all.end() - 1);
    const auto repairs = [&] {
      return timed([&] { size_ += model::repaired(ring, one_less, 1).slots.size(); });
    };
    if (!both) {
      bench_.report().add("build", keys, alone(builds));
      bench_.report().add("change", keys, alone(repairs));
    } else {
      bench_.report().add("build", keys, paired(bench_.pairs("build " + keys, builds, rebuilds)));
      bench_.report().add("change", keys, paired(bench_.pairs("change " + keys, repairs, rebuilds)));
    }
    values(keys, count, both);
  }

  // Slots of all rings: nobody may leave them out.
  std::size_t size() const { return size_; }

 private:
  template <class Body>
  static double timed(const Body& body) {
    const double from = thread_cpu_ns();
    body();
    return (thread_cpu_ns() - from) / 1e3;
  }

  template <class Sample>
  Figure alone(const Sample& sample) {
    std::vector<double> samples;
    sample();
    for (int i = 0; i < bench_.choose(31, 15); ++i) samples.push_back(sample());
    return single(samples);
  }

  // What does not depend on the machine: of several seeds, each another ring.
  void values(const std::string& keys, std::size_t count, bool both) {
    Pairs even, leaves, comes;
    const auto all = members(count), less = members(count - 1);
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const model::EdgeRing ring = model::repaired({}, all, seed);
      const Owners now = owners(ring.slots);
      even.ours.push_back(imbalance(ring.slots, count));
      leaves.ours.push_back(excess(now, owners(model::repaired(ring, less, seed).slots), count));
      const model::EdgeRing before = model::repaired({}, less, seed);
      comes.ours.push_back(
          excess(owners(before.slots), owners(model::repaired(before, all, seed).slots), count));
      if (!both) continue;
      const auto theirs = model::maglev_ring(backends(all), seed);
      const Owners full = owners(theirs), other = owners(model::maglev_ring(backends(less), seed));
      even.baseline.push_back(imbalance(theirs, count));
      leaves.baseline.push_back(excess(full, other, count));
      comes.baseline.push_back(excess(other, full, count));
    }
    add("imbalance", keys, even);
    add("excess", keys + "/one=leaves", leaves);
    add("excess", keys + "/one=comes", comes);
  }

  void add(const char* row, const std::string& keys, const Pairs& pairs) {
    bench_.report().add(row, keys, pairs.baseline.empty() ? single(pairs.ours) : without_ratio(pairs));
  }

  static constexpr std::uint64_t kSeeds = 5;
  Bench& bench_;
  std::uint64_t seed_ = 0;
  std::size_t size_ = 0;
};

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  using namespace fairlead;
  return bench::run_bench("maglev", argc, argv, [](bench::Bench& bench) {
    bench::pin_to_last_core();
    bench::Maglev maglev(bench);
    for (const std::size_t count : {10U, 41U, 100U, 1000U, 6552U, 10000U}) maglev.of(count);
    if (maglev.size() == 0) throw std::runtime_error("no ring was built");
    bench.report().note(fmt::format(
        "build: a ring for so many members from nothing. change: one of them leaves; the baseline "
        "builds its ring anew. Microseconds of one core. The nodes' ring takes {} backends at "
        "most, the edge's {}: at 10,000 it is alone.",
        model::kMaxRingBackends, model::kMaxRingMembers));
    bench.report().note(
        "imbalance: by how much the largest share is above the mean. excess: flows that a change moves and "
        "need not, of all flows. Both are the median of 5 seeds. With the 41st backend both rings grow to "
        "four times their size. 1,000 backends have 262,144 slots at the edge and 65,521 at a node, 10,000 "
        "have 1,048,576.");
  });
}
