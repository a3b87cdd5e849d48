// SPDX-License-Identifier: Apache-2.0
// Rows into the kernel's tables and back, one engine at a time; full tables; counters.
#include <bit>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cstdlib>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "base/io/file.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "ebpf/loader/node_dataplane.h"
#include "tests/support/must.h"
#include "tests/support/netlab.h"

namespace fairlead::test {
namespace {

using ebpf::NodeDataplane;
using model::TableId;

class LoaderTables : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    dataplane_ = must(NodeDataplane::open({.pins = {}, .flow_capacity = 64}));
  }
  std::unique_ptr<NodeDataplane> dataplane_;
};

// Every table has rows in it.
model::TableImage example() {
  const std::string cases = std::string(std::getenv("FL_SOURCE_DIR")) + "/tests/packet/cases/";
  return must(model::lower(must(model::parse(must(read_file(cases + "node1.state"))))));
}

TEST_F(LoaderTables, WhatIsWrittenIsReadBack) {
  const model::TableImage image = example();
  for (std::size_t i = 0; i < model::kNodeTableCount; ++i)
    EXPECT_FALSE(image.rows[i].empty()) << model::kTables[i].name;
  must(dataplane_->apply(model::diff({}, image)));
  const model::TableImage got = must(dataplane_->read_image());
  for (std::size_t i = 0; i < model::kNodeTableCount; ++i)
    EXPECT_EQ(got.rows[i], image.rows[i]) << model::kTables[i].name;
  must(dataplane_->apply(model::diff(image, {})));
  EXPECT_TRUE(must(dataplane_->read_image()) == model::TableImage{});
}

TEST_F(LoaderTables, ARowThatChangesKeepsTheOthers) {
  model::TableImage image = example();
  must(dataplane_->apply(model::diff({}, image)));
  model::TableImage next = image;
  for (std::size_t i = 0; i < model::kNodeTableCount; ++i) {
    model::Rows& rows = next.rows[i];
    const std::string key((*rows.begin()).key);
    std::string value((*rows.begin()).value);
    value.back() ^= 1;
    rows.insert_or_assign(key, value);
  }
  must(dataplane_->apply(model::diff(image, next)));
  EXPECT_TRUE(must(dataplane_->read_image()) == next);
}

// One row more than the table takes.
model::TablePatch too_many(TableId table) {
  const model::TableInfo& about = model::info(table);
  model::TablePatch patch;
  for (std::uint32_t i = 0; i <= about.capacity; ++i) {
    std::string key(about.key_bytes, '\0');
    std::string number = model::bytes_of(i);
    if (about.engine == model::Engine::LPM) {
      const fwd_route_key route{32 + 128, i, {}};
      key = model::bytes_of(route);
    } else {
      key.replace(0, 4, number);
    }
    patch.push_back({table, key, std::string(about.value_bytes, '\1')});
  }
  return patch;
}

TEST_F(LoaderTables, AFullTableIsNamed) {
  for (const TableId table : {TableId::links, TableId::routes, TableId::vteps, TableId::networks}) {
    const Result<> applied = dataplane_->apply(too_many(table));
    ASSERT_FALSE(applied.has_value()) << model::info(table).name;
    EXPECT_EQ(applied.error().code, Code::exhausted) << format(applied.error());
    EXPECT_EQ(applied.error().object, std::string("table ") + model::info(table).name);
    EXPECT_EQ(must(dataplane_->read_image())[table].size(), model::info(table).capacity)
        << "the rows before it stand";
  }
}

TEST_F(LoaderTables, VerdictsAreTheSumOverCpus) {
  const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
  std::vector<fwd_counter> counters(cpus);
  for (std::size_t i = 0; i < cpus; ++i) counters[i] = {i + 1, 100 * (i + 1)};
  const std::uint32_t verdict = FWD_NO_BACKEND;
  ASSERT_EQ(bpf_map_update_elem(dataplane_->map_fd("counters"), &verdict, counters.data(), BPF_ANY), 0);
  for (const ebpf::VerdictCount& count : must(dataplane_->verdicts())) {
    const bool mine = count.name == "NO_BACKEND";
    EXPECT_EQ(count.packets, mine ? cpus * (cpus + 1) / 2 : 0) << count.name;
    EXPECT_EQ(count.bytes, 100 * count.packets);
    EXPECT_FALSE(count.meaning.empty());
    if (mine) {
      EXPECT_TRUE(count.drop);
    }
  }
}

TEST_F(LoaderTables, ADropTellsItsLastFlow) {
  std::vector<fwd_counter> counters(static_cast<std::size_t>(libbpf_num_possible_cpus()), {1, 60});
  std::vector<fwd_last_drop> drops(counters.size());
  fwd_last_drop& last = drops.back();
  last.time = 7;
  last.family = 4;
  last.proto = 6;
  last.src = std::bit_cast<fwd_addr>(must(IpAddress::parse("10.244.0.2")).bytes);
  last.dst = std::bit_cast<fwd_addr>(must(IpAddress::parse("10.96.0.20")).bytes);
  last.sport_be = htons(40000);
  last.dport_be = htons(443);
  const std::uint32_t verdict = FWD_NO_BACKEND;
  ASSERT_EQ(bpf_map_update_elem(dataplane_->map_fd("counters"), &verdict, counters.data(), BPF_ANY), 0);
  ASSERT_EQ(bpf_map_update_elem(dataplane_->map_fd("last_drops"), &verdict, drops.data(), BPF_ANY), 0);
  for (const ebpf::VerdictCount& count : must(dataplane_->verdicts()))
    EXPECT_EQ(count.last_flow, count.name == "NO_BACKEND" ? "tcp 10.244.0.2:40000 > 10.96.0.20:443" : "");
}

}  // namespace
}  // namespace fairlead::test
