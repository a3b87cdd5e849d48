// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/lower.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "dataplane/model/diff.h"
#include "dataplane/model/ring/maglev.h"
#include "tests/unit/dataplane/model/sample.h"

namespace fairlead::model {
namespace {

std::string hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<std::uint8_t>(c) >> 4]);
    text.push_back(kDigits[static_cast<std::uint8_t>(c) & 15]);
  }
  return text;
}

// "table key value" of every row, in the order of the keys' bytes.
std::string rows(const TableImage& image, TableId table) {
  std::string text;
  for (const auto& [key, value] : image[table])
    text += std::string(info(table).name) + " " + hex(key) + hex(value) + "\n";
  return text;
}

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

fwd_service service_row(const TableImage& image, const char* vip, std::uint16_t port, std::uint8_t protocol) {
  for (const auto& [key, value] : image[TableId::services]) {
    const auto k = row_from<fwd_service_key>(key);
    if (bytes_of(k.vip) == bytes_of(ip(vip).bytes) && k.proto == protocol &&
        k.port_be == __builtin_bswap16(port))
      return row_from<fwd_service>(value);
  }
  ADD_FAILURE() << "no service " << vip << " " << port;
  return {};
}

// The fields of each row in the order of abi.h, key first, blanks between them.
constexpr std::string_view kRows =
    R"(config 00000000 0700000000000000 0900000000000000 00000000000000000000ffffc0000201 03000000 01000000 12b5 1ce8 02666c000001 0100 01000000 00000000000000000000ffff0af40008 00000000000000000000000000000000
networks 01100000 01000000 aa050000 00000000
networks 03100000 03000000 78050000 01000000
vteps 01000000 00000000000000000000ffffc0000201 03000000 dc050000
vteps 02000000 00000000000000000000ffffc0000202 01000000 78050000
vtep_numbers 00000000000000000000ffffc0000201 01000000 03000000
vtep_numbers 00000000000000000000ffffc0000202 02000000 01000000
routes 60000000 00000001 fd000244000000000000000000000000 01000000 01000000
routes 90000000 00000000 00000000000000000000ffff0af50000 03000000 03000000
routes 90000000 00000001 00000000000000000000ffff0af40000 01000000 01000000
routes 90000000 00000003 00000000000000000000ffff0af50000 01000000 03000000
routes a0000000 00000001 00000000000000000000ffffc6336409 02000000 01000000
routes a0000000 00000003 00000000000000000000ffffc6336409 02000000 03000000
backends 01000000 00000000000000000000ffff0af40007 1f90 0000 01000000
backends 02000000 00000000000000000000ffff0af40109 1f90 0000 01000000
backends 03000000 fd000244000000000000000000000007 1f90 0000 01000000
services 01000000 00000000000000000000ffff0a600007 0035 11 00 00000000 00000000 01000000 00000000
services 01000000 00000000000000000000ffff0a600007 0050 06 00 00000000 fb000000 01000000 00000000
services 01000000 fd000096000000000000000000000007 0050 06 00 fb000000 fb000000 01000000 00000000
endpoints 01000000 00000000000000000000ffff0a600007 00000000 00000000 00000000 00000000 0400 000000000000
endpoints 01000000 00000000000000000000ffff0af40007 01000000 07000000 05000000 02000000 0100 020000000007
endpoints 01000000 00000000000000000000ffff0af40008 01000000 09000000 01000000 00000000 0300 020000000008
endpoints 01000000 00000000000000000000ffff0af40109 02000000 00000000 06000000 00000000 0000 02666c000001
endpoints 01000000 fd000096000000000000000000000007 00000000 00000000 00000000 00000000 0400 000000000000
endpoints 01000000 fd000244000000000000000000000007 01000000 07000000 05000000 02000000 0100 020000000007
links 07000000 01000000 01100000 05000000 aa050000 02000000 0000 020000000007 00000000000000000000ffff0af40007 fd000244000000000000000000000007 00000000000000000000000000000000 00000000000000000000000000000000
links 08000000 01000000 01100000 01000000 aa050000 00000000 0100 020000000008 00000000000000000000ffff0af40008 00000000000000000000000000000000 00000000000000000000ffff0a60000a fd00009600000000000000000000000a
)";

std::string without_blanks(std::string_view text) {
  std::string packed(text);
  std::erase(packed, ' ');
  return packed;
}

TEST(Lower, WritesTheRowsByteForByte) {
  const TableImage image = lower(sample_state()).value();
  std::string found;
  for (std::size_t i = 0; i < kTableCount; ++i)
    if (const auto table = static_cast<TableId>(i); table != TableId::rings) found += rows(image, table);
  EXPECT_EQ(without_blanks(found), without_blanks(kRows));
  EXPECT_EQ(image[TableId::rings].size(), 502U);
}

TEST(Lower, RingsHoldTheMaglevChoiceAsIndicesOfBackends) {
  const ForwardingState state = sample_state();
  const TableImage image = lower(state).value();
  const fwd_service row = service_row(image, "10.96.0.7", 80, 6);
  const auto& backends = state.services[0].ports[0].backends;
  const auto ring = maglev_ring(backends, state.self.cluster_seed);
  ASSERT_EQ(row.ring_size, ring.size());
  for (std::uint32_t i = 0; i < row.ring_size; ++i) {
    const auto slot =
        row_from<fwd_ring_slot>(*image[TableId::rings].find(bytes_of(__u32{row.ring_offset + i})));
    const auto backend = row_from<fwd_backend>(*image[TableId::backends].find(bytes_of(slot.backend)));
    ASSERT_EQ(bytes_of(backend.addr), bytes_of(backends[ring[i]].address.bytes));
  }
}

TEST(Lower, WhoTakesNothingNewIsATargetOfEdgesAndNotInTheRing) {
  ForwardingState state = sample_state();
  ServicePortRow& port = state.services[0].ports[0];
  port.edge = true;
  for (Backend& backend : port.backends) {
    backend.weight = 0;
    backend.mac = {{2, 0, 0, 0, 0, 9}};
    backend.mac.bytes[4] = backend.address.bytes[15];
  }
  const TableImage image = lower(state).value();
  EXPECT_EQ(service_row(image, "10.96.0.7", 80, 6).ring_size, 0U);
  EXPECT_EQ(image[TableId::targets].size(), port.backends.size());
}

TEST(Lower, TheSameStateAgainChangesNothing) {
  const TableImage image = lower(sample_state()).value();
  EXPECT_EQ(lower(sample_state(), image).value(), image);
  EXPECT_TRUE(diff(image, image).empty());
  EXPECT_EQ(lower(sample_state()).value(), image);
}

TEST(Lower, AChangedRingGetsANewSliceAndTheOthersStay) {
  ForwardingState state = sample_state();
  const TableImage before = lower(state).value();
  state.services[0].ports[0].backends.pop_back();
  const TableImage after = lower(state, before).value();
  EXPECT_EQ(bytes_of(service_row(after, "fd00:96::7", 80, 6)),
            bytes_of(service_row(before, "fd00:96::7", 80, 6)));
  const fwd_service moved = service_row(after, "10.96.0.7", 80, 6);
  EXPECT_EQ(moved.ring_offset, 502U);
  EXPECT_EQ(moved.generation, 2U);
  EXPECT_EQ(after[TableId::rings].size(), 502U);
  EXPECT_EQ(after[TableId::backends].size(), 2U);
}

TEST(Lower, AFreedPlaceRestsBeforeItsReuse) {
  ForwardingState state = sample_state();
  TableImage image = lower(state).value();
  std::set<std::uint32_t> offsets;
  std::set<std::string> indices;
  for (std::uint32_t round = 0; round < 50; ++round) {
    state.services[0].ports[0].backends = {{ip("10.244.9.0").plus(round), 80, 1, {}}};
    image = lower(state, image).value();
    EXPECT_TRUE(offsets.insert(service_row(image, "10.96.0.7", 80, 6).ring_offset).second) << round;
    for (const auto& [key, value] : image[TableId::backends])
      if (row_from<fwd_backend>(value).generation == round + 2) {
        EXPECT_TRUE(indices.emplace(key).second) << round;
      }
  }
  EXPECT_EQ(indices.size(), 50U);
}

TEST(Lower, BeginsAgainBehindTheLastPlace) {
  TableImage late;
  const auto capacity = static_cast<__u32>(info(TableId::rings).capacity);
  late[TableId::services].append(std::string(sizeof(fwd_service_key), 'n'),
                                 bytes_of(fwd_service{capacity - 251 - 100, 251, 41, 0}));
  late[TableId::backends].append(bytes_of(__u32{65535}), bytes_of(fwd_backend{{}, 1, 0, 41}));
  const TableImage image = lower(sample_state(), late).value();
  EXPECT_EQ(service_row(image, "10.96.0.7", 80, 6).ring_offset, 0U);
  EXPECT_EQ(service_row(image, "fd00:96::7", 80, 6).ring_offset, 251U);
  EXPECT_EQ(service_row(image, "10.96.0.7", 80, 6).generation, 42U);
  EXPECT_TRUE(image[TableId::backends].contains(bytes_of(__u32{1})));
  EXPECT_FALSE(image[TableId::backends].contains(bytes_of(__u32{0})));
}

TEST(Lower, SaysWhenThereIsNoRoomLeft) {
  TableImage crowded;
  for (__u32 slot = 0; slot < info(TableId::rings).capacity; slot += 251)
    crowded[TableId::rings].append(bytes_of(slot), bytes_of(fwd_ring_slot{1}));
  crowded[TableId::rings].settle();
  const auto no_ring = lower(sample_state(), crowded);
  ASSERT_FALSE(no_ring);
  EXPECT_EQ(no_ring.error().code, Code::exhausted);
  EXPECT_EQ(no_ring.error().object, "table rings");
  TableImage full;
  for (__u32 index = 1; index < info(TableId::backends).capacity; ++index)
    full[TableId::backends].append(bytes_of(index), bytes_of(fwd_backend{}));
  full[TableId::backends].settle();
  const auto no_backend = lower(sample_state(), full);
  ASSERT_FALSE(no_backend);
  EXPECT_EQ(no_backend.error().object, "table backends");
}

// The place of the newest slice is known from the rows alone: while it lives, what is free before it rests.
TEST(Lower, AGapIsFilledOnlyAfterTheEnd) {
  ForwardingState state = sample_state();
  TableImage image = lower(state).value();
  state.services[0].ports[0].backends.clear();
  image = lower(state, image).value();
  state.services[0].ports[1].backends = {{ip("10.244.0.7"), 53, 1, {}}};
  image = lower(state, image).value();
  EXPECT_EQ(service_row(image, "10.96.0.7", 53, 17).ring_offset, 502U);
}

TEST(Lower, RefusesWhatValidateRefuses) {
  ForwardingState state = sample_state();
  state.self.number = 0;
  EXPECT_FALSE(lower(state));
}

// After a restart the rows come from the kernel: whatever is damaged there is placed anew.
TEST(Lower, DoesNotTrustADamagedPrevious) {
  const TableImage good = lower(sample_state()).value();
  TableImage damaged = good;
  damaged[TableId::rings].erase(bytes_of(__u32{17}));
  damaged[TableId::backends].insert_or_assign(bytes_of(__u32{3}), std::string(sizeof(fwd_backend), '\xff'));
  damaged[TableId::backends].insert_or_assign(bytes_of(__u32{1U << 30}),
                                              std::string(sizeof(fwd_backend), '\x01'));
  damaged[TableId::services].insert_or_assign(std::string(sizeof(fwd_service_key), 's'),
                                              std::string(sizeof(fwd_service), '\xff'));
  const TableImage repaired = lower(sample_state(), damaged).value();
  EXPECT_NE(service_row(repaired, "10.96.0.7", 80, 6).ring_offset, 0U);
  EXPECT_FALSE(repaired[TableId::backends].contains(bytes_of(__u32{3})));
  EXPECT_FALSE(repaired[TableId::backends].contains(bytes_of(__u32{1U << 30})));
  TableImage machine = damaged;
  for (const TableChange& change : diff(damaged, repaired)) apply(change, machine);
  EXPECT_EQ(machine, repaired);
}

// Appended in no order, with doubles, or put in one by one: the same rows as a map has.
TEST(Rows, AreWhatAMapWouldHold) {
  std::mt19937 random(3);
  const auto draw = [&](std::uint64_t below) { return static_cast<__u32>(random() % below); };
  for (int round = 0; round < 50; ++round) {
    std::map<std::string, std::string> map;
    Rows appended, inserted;
    for (int i = 0; i < 200; ++i) {
      const std::string key = bytes_of(__u32{draw(64) << (draw(4) * 8)});
      const std::string value = bytes_of(fwd_ring_slot{draw(1000)});
      map[key] = value;
      appended.append(key, value);
      inserted.insert_or_assign(key, value);
    }
    appended.settle();
    for (int i = 0; i < 20; ++i) {
      const std::string key = bytes_of(__u32{draw(64)});
      map.erase(key);
      appended.erase(key);
      inserted.erase(key);
      EXPECT_EQ(appended.contains(key), false);
    }
    EXPECT_EQ(appended, inserted);
    ASSERT_EQ(appended.size(), map.size());
    auto row = appended.begin();
    for (const auto& [key, value] : map) {
      EXPECT_EQ((*row).key, key);
      EXPECT_EQ((*row).value, value);
      EXPECT_EQ(appended.find(key), value);
      ++row;
    }
  }
}

TEST(Diff, GoesDownTheTablesAndUpAgain) {
  ForwardingState state = sample_state();
  const TableImage before = lower(state).value();
  state.services.erase(state.services.begin() + 1);
  state.links.erase(state.links.begin());
  state.endpoints.erase(state.endpoints.begin() + 3);
  state.endpoints.erase(state.endpoints.begin());
  state.services.push_back({1, ip("10.96.0.20"), {{6, 80, {{ip("10.244.5.5"), 80, 1, {}}}}}});
  const TableImage after = lower(state, before).value();
  std::string order;
  for (const TableChange& change : diff(before, after)) {
    const std::string step = std::string(change.value ? "+" : "-") + info(change.table).name + " ";
    if (!order.ends_with(" " + step) && order != step) order += step;
  }
  EXPECT_EQ(order, "+backends +rings +services +endpoints -links -endpoints -services -rings -backends ");
}

}  // namespace
}  // namespace fairlead::model
