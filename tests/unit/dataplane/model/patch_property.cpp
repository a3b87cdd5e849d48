// SPDX-License-Identifier: Apache-2.0
// Laws of lower() and diff(): a cluster's history is played on one machine's
// tables change by change, and after each change a naive reader follows every
// row as a packet would. Also: what did not change keeps its bytes, no row that
// may be read is written again, and the same inputs give the same image.
#include <cstdio>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/unit/dataplane/model/random_state.h"

namespace fairlead::model {
namespace {

using BackendSet = std::set<std::string>;            // address and port, as bytes
using Services = std::map<std::string, BackendSet>;  // service key -> what may answer

std::string service_key(std::uint32_t network, const IpAddress& vip, const ServicePortRow& port) {
  fwd_service_key key{};
  key.net = network;
  std::memcpy(&key.vip, vip.bytes.data(), 16);
  key.port_be = __builtin_bswap16(port.port);
  key.proto = port.protocol;
  return bytes_of(key);
}

Services services_of(const ForwardingState& state) {
  Services services;
  for (const ServiceRow& service : state.services)
    for (const ServicePortRow& port : service.ports) {
      BackendSet& backends = services[service_key(service.network, service.vip, port)];
      for (const Backend& b : port.backends)
        backends.insert(bytes_of(b.address.bytes) + bytes_of<std::uint16_t>(__builtin_bswap16(b.port)));
    }
  return services;
}

// The first 20 bytes of a service key: {network, VIP}, which is an endpoint's key.
std::string endpoint_of(std::string_view key) { return std::string(key.substr(0, sizeof(fwd_endpoint_key))); }

// Follows rows as a packet would; knows nothing of how lower() places them.
class Reader {
 public:
  Reader(const TableImage& machine, const Services& before, const Services& after)
      : machine_(machine), before_(before), after_(after) {}

  void check_all() const {
    for (const auto& [key, value] : machine_[TableId::services])
      check_service(key, row_from<fwd_service>(value));
    for (const auto& [key, value] : machine_[TableId::endpoints])
      check_endpoint(key, row_from<fwd_endpoint>(value));
    for (const auto& [key, value] : machine_[TableId::links]) check_link(row_from<fwd_link>(value));
  }

  bool is_live(std::uint32_t slot) const {
    for (const auto& [key, value] : machine_[TableId::services]) {
      const auto row = row_from<fwd_service>(value);
      if (slot >= row.ring_offset && slot - row.ring_offset < row.ring_size) return true;
    }
    return false;
  }

 private:
  void check_service(std::string_view key, const fwd_service& row) const {
    BackendSet found;
    for (std::uint32_t i = 0; i < row.ring_size; ++i) {
      const auto slot = machine_[TableId::rings].find(bytes_of(__u32{row.ring_offset + i}));
      ASSERT_TRUE(slot) << "a ring with a hole";
      const auto backend = machine_[TableId::backends].find(*slot);
      ASSERT_TRUE(backend) << "a slot that leads nowhere";
      found.emplace(backend->substr(0, sizeof(fwd_addr) + 2));
    }
    const auto old_set = before_.find(std::string(key)), new_set = after_.find(std::string(key));
    const bool as_before = old_set != before_.end() && old_set->second == found;
    const bool as_after = new_set != after_.end() && new_set->second == found;
    ASSERT_TRUE(as_before || as_after) << "a service whose backends are neither the old nor the new ones";
  }

  // While a VIP is an endpoint, every port that it has before and after is there.
  void check_endpoint(std::string_view key, const fwd_endpoint& row) const {
    if (!(row.flags & FWD_ENDPOINT_VIP)) {
      const auto vtep = machine_[TableId::vteps].find(bytes_of(row.vtep));
      ASSERT_TRUE(vtep) << "an endpoint behind no node";
      return;
    }
    const bool was = has_vip(before_, key), will_be = has_vip(after_, key);
    for (const auto* services : {&before_, &after_})
      for (const auto& [port, backends] : *services)
        if (endpoint_of(port) == key && (!was || before_.contains(port)) &&
            (!will_be || after_.contains(port))) {
          ASSERT_TRUE(machine_[TableId::services].contains(port)) << "a VIP whose port is missing";
        }
  }

  void check_link(const fwd_link& row) const {
    const auto network = machine_[TableId::networks].find(bytes_of(row.vni));
    ASSERT_TRUE(network) << "a link of no network";
  }

  static bool has_vip(const Services& services, std::string_view endpoint) {
    const auto first = services.lower_bound(std::string(endpoint));
    return first != services.end() && endpoint_of(first->first) == endpoint;
  }

  const TableImage& machine_;
  const Services& before_;
  const Services& after_;
};

// A slot or a backend is written only where the machine has none, and outside every ring that is read.
void check_not_live(const TableImage& machine, const TableChange& change, const Reader& reader) {
  if (change.table == TableId::rings) {
    ASSERT_FALSE(reader.is_live(row_from<__u32>(change.key))) << "a slot that packets read";
  }
  if (change.value && (change.table == TableId::rings || change.table == TableId::backends)) {
    ASSERT_FALSE(machine[change.table].contains(change.key)) << "a row written in place";
  }
}

// Checks the machine after every change. Changes of slots that no service names cannot alter what a packet
// reads, which check_not_live has just seen: there the whole walk is left out.
std::size_t play(TableImage& machine, const TablePatch& patch, const Services& before,
                 const Services& after) {
  const Reader reader(machine, before, after);
  for (const TableChange& change : patch) {
    check_not_live(machine, change, reader);
    apply(change, machine);
    if (change.table != TableId::rings) reader.check_all();
    if (testing::Test::HasFailure()) break;
  }
  return patch.size();
}

void check_unchanged_keep_bytes(const ForwardingState& from, const ForwardingState& to,
                                const TableImage& before, const TableImage& after) {
  for (const ServiceRow& service : to.services) {
    if (std::ranges::find(from.services, service) == from.services.end()) continue;
    for (const ServicePortRow& port : service.ports) {
      const std::string key = service_key(service.network, service.vip, port);
      ASSERT_EQ(before[TableId::services].find(key), after[TableId::services].find(key));
      const auto row = row_from<fwd_service>(*after[TableId::services].find(key));
      for (std::uint32_t i = 0; i < row.ring_size; ++i) {
        const std::string slot = bytes_of(__u32{row.ring_offset + i});
        ASSERT_EQ(before[TableId::rings].find(slot), after[TableId::rings].find(slot));
      }
    }
  }
}

TEST(Patch, EveryPrefixIsSafe) {
  constexpr std::uint64_t kSeeds = 40;
  constexpr int kSteps = 8;
  std::size_t prefixes = 0, patches = 0;
  for (std::uint64_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    RandomState random(seed);
    TableImage machine = lower(random.state()).value();
    for (int step = 0; step < kSteps && !HasFailure(); ++step, ++patches) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(step));
      const ForwardingState from = random.state();
      random.step();
      const auto image = lower(random.state(), machine);
      ASSERT_TRUE(image) << format(image.error());
      ASSERT_EQ(*image == *lower(random.state(), machine), true) << "not deterministic";
      check_unchanged_keep_bytes(from, random.state(), machine, *image);
      prefixes += play(machine, diff(machine, *image), services_of(from), services_of(random.state()));
      ASSERT_EQ(machine == *image, true) << "the patch does not lead there";
    }
  }
  std::printf("%zu prefixes of %zu patches\n", prefixes, patches);
}

// A machine that stopped in the middle of a patch is adopted as it stands.
TEST(Patch, GoesOnFromTheMiddleOfAnother) {
  std::size_t cases = 0;
  for (std::uint64_t seed = 100; seed < 140 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomState random(seed);
    TableImage machine = lower(random.state()).value();
    Services before = services_of(random.state());
    random.step();
    const Services middle = services_of(random.state());
    TablePatch patch = diff(machine, lower(random.state(), machine).value());
    patch.resize(patch.size() * (seed % 7) / 7);
    play(machine, patch, before, middle);
    const TableImage image = lower(random.state(), machine).value();
    for (const TableChange& change : diff(machine, image)) {
      check_not_live(machine, change, Reader(machine, before, middle));
      apply(change, machine);
      ++cases;
    }
    ASSERT_EQ(machine == image, true);
    Reader(machine, middle, middle).check_all();
  }
  std::printf("%zu changes\n", cases);
}

}  // namespace
}  // namespace fairlead::model
