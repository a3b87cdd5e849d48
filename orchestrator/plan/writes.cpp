// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/plan/writes.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fairlead::plan {
namespace {

constexpr std::string_view kRest = " rest until every node has forgotten them";

std::size_t weigh(const Unit& unit, const std::function<std::size_t(const Object&)>& size_of) {
  std::size_t bytes = kItemBytes * (unit.operations() + unit.compares());
  for (const Object& object : unit.put) bytes += size_of(object);
  return bytes;
}

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

std::vector<Expectation> both(const std::vector<Expectation>& a, const std::vector<Expectation>& b) {
  std::vector<Expectation> merged;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged));
  return merged;
}

}  // namespace

std::string rest_text(const IpAddress& four, const IpAddress& six) {
  return format(four) + " " + format(six) + std::string(kRest);
}

bool tells_rest_of(std::string_view message, const IpAddress& address) {
  return message.ends_with(kRest) && message.find(" " + format(address) + " ") != std::string_view::npos;
}

ObjectKey key_of(const Object& object) {
  const Meta& meta = meta_of(object);
  return {kind_of(object), meta.ns, meta.name};
}

std::vector<Unit> pack(std::vector<Unit> units, const std::function<std::size_t(const Object&)>& size_of,
                       const Limits& limits) {
  std::vector<Unit> packed;
  std::size_t bytes = 0;
  for (Unit& unit : units) {
    std::sort(unit.expect.begin(), unit.expect.end());
    const std::size_t more = weigh(unit, size_of);
    if (!packed.empty()) {
      Unit& last = packed.back();
      auto expect = both(last.expect, unit.expect);
      if (last.operations() + unit.operations() <= limits.operations && bytes + more <= limits.bytes &&
          expect.size() + last.leases.size() + unit.leases.size() <= limits.compares) {
        last.expect = std::move(expect);
        append(last.put, unit.put);
        append(last.erase, unit.erase);
        append(last.leases, unit.leases);
        bytes += more;
        continue;
      }
    }
    packed.push_back(std::move(unit));
    bytes = more;
  }
  return packed;
}

}  // namespace fairlead::plan
