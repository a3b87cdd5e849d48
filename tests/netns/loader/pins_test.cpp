// SPDX-License-Identifier: Apache-2.0
// What stays in the kernel when the agent goes, and what an agent that comes back finds:
//
//     space "n": v0 --- v1        programs at v0, pins in a bpf file system of this test
#include <bpf/bpf.h>
#include <cstdlib>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sys/mount.h>

#include "base/io/fd.h"
#include "base/io/file.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "ebpf/loader/node_dataplane.h"
#include "tests/support/must.h"
#include "tests/support/netlab.h"

namespace fairlead::test {
namespace {

namespace fs = std::filesystem;
using ebpf::NodeDataplane;

class LoaderPins : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    lab_ = std::make_unique<NetLab>("pins");
    mounted_ = lab_->scratch() / "bpf";
    fs::create_directories(mounted_);
    ASSERT_EQ(::mount("bpf", mounted_.c_str(), "bpf", 0, nullptr), 0);
    pins_ = mounted_ / "fairlead" / "c1" / "n1" / "v1";
    lab_->add("n");
    add_link();
  }
  void TearDown() override {
    if (!mounted_.empty()) ::umount2(mounted_.c_str(), MNT_DETACH);
  }

  void add_link() { lab_->sh("n", "ip link add v0 index 4242 type veth peer name v1; ip link set v0 up"); }
  std::unique_ptr<NodeDataplane> open() {
    return must(NodeDataplane::open({.pins = pins_, .flow_capacity = 64}));
  }
  void attach(NodeDataplane& dataplane) {
    lab_->inside("n", [&] { must(dataplane.attach_pod(4242)); });
  }

  bpf_link_info pinned_link() const {
    const Fd link(bpf_obj_get((pins_ / "attached" / "4242").c_str()));
    bpf_link_info info{};
    std::uint32_t length = sizeof info;
    EXPECT_EQ(bpf_obj_get_info_by_fd(link.get(), &info, &length), 0);
    return info;
  }

  // Ids of the programs at the link's tc ingress (BPF_TCX_INGRESS).
  std::vector<std::uint32_t> attached() const {
    std::vector<std::uint32_t> ids(8);
    std::uint32_t count = 8;
    lab_->inside("n", [&] {
      if (bpf_prog_query(4242, static_cast<bpf_attach_type>(46), 0, nullptr, ids.data(), &count) != 0)
        count = 0;
    });
    ids.resize(count);
    return ids;
  }

  std::unique_ptr<NetLab> lab_;
  fs::path mounted_, pins_;
};

TEST_F(LoaderPins, TablesAndFlowsOutliveTheirProcess) {
  const std::string cases = std::string(std::getenv("FL_SOURCE_DIR")) + "/tests/packet/cases/";
  const auto image = must(model::lower(must(model::parse(must(read_file(cases + "node1.state"))))));
  fwd_flow_key key{};
  key.net = 7;
  fwd_flow flow{};
  flow.seen = 12345;
  auto first = open();
  must(first->apply(model::diff({}, image)));
  ASSERT_EQ(bpf_map_update_elem(first->map_fd("flows"), &key, &flow, BPF_ANY), 0);
  first.reset();

  const auto second = open();
  EXPECT_TRUE(must(second->read_image()) == image);
  fwd_flow found{};
  ASSERT_EQ(bpf_map_lookup_elem(second->map_fd("flows"), &key, &found), 0);
  EXPECT_EQ(found.seen, 12345U);
}

// A sweep takes the answer's direction first. Killed behind that, it left an opening direction which
// sent every packet of a new connection out and let no answer in, for as long as anybody tried.
TEST_F(LoaderPins, AFlowThatLostOneDirectionGoesWithTheNextStart) {
  auto first = open();
  const auto key_of = [](std::uint16_t sport, std::uint16_t dport) {
    fwd_flow_key key{};
    key.net = 7;
    key.sport_be = sport;
    key.dport_be = dport;
    return key;
  };
  const auto translate = [&](const fwd_flow_key& key, std::uint16_t sport, std::uint16_t dport) {
    fwd_flow flow{};
    flow.sport_be = sport;
    flow.dport_be = dport;
    ASSERT_EQ(bpf_map_update_elem(first->map_fd("flows"), &key, &flow, BPF_NOEXIST), 0);
  };
  const auto put = [&](std::uint16_t sport, std::uint16_t dport) {
    translate(key_of(sport, dport), sport, dport);
  };
  put(1, 2);
  put(2, 1);
  put(3, 4);  // its answer is lost
  put(5, 6);  // so is this one's, and a service's flow has its answer there by now
  translate(key_of(5, 7), 5, 6);
  translate(key_of(6, 5), 7, 5);
  first.reset();
  const auto second = open();
  const auto has = [&](std::uint16_t sport, std::uint16_t dport) {
    const fwd_flow_key key = key_of(sport, dport);
    fwd_flow flow{};
    return bpf_map_lookup_elem(second->map_fd("flows"), &key, &flow) == 0;
  };
  EXPECT_TRUE(has(1, 2) && has(2, 1));
  EXPECT_FALSE(has(3, 4));
  EXPECT_FALSE(has(5, 6));
  EXPECT_TRUE(has(5, 7) && has(6, 5));
}

TEST_F(LoaderPins, AnotherWishForTheFlowTableKeepsTheOneThatIsThere) {
  open().reset();
  const auto larger = must(NodeDataplane::open({.pins = pins_, .flow_capacity = 128}));
  EXPECT_EQ(must(larger->sweep_flows(1, {})).capacity, 64U);
}

TEST_F(LoaderPins, AProgramIsReplacedInPlace) {
  auto first = open();
  attach(*first);
  attach(*first);
  const bpf_link_info before = pinned_link();
  EXPECT_EQ(attached(), std::vector{before.prog_id}) << "attached once";
  first.reset();
  EXPECT_EQ(attached(), std::vector{before.prog_id}) << "no process holds it";

  const auto second = open();
  attach(*second);
  const bpf_link_info after = pinned_link();
  EXPECT_EQ(after.id, before.id) << "the link was never taken off";
  EXPECT_NE(after.prog_id, before.prog_id);
  EXPECT_EQ(attached(), std::vector{after.prog_id});
}

TEST_F(LoaderPins, AnInterfaceThatCameBackUnderItsIndexIsAttachedAnew) {
  const auto dataplane = open();
  attach(*dataplane);
  const bpf_link_info before = pinned_link();
  lab_->sh("n", "ip link del v0");
  add_link();
  EXPECT_TRUE(attached().empty());
  attach(*dataplane);
  EXPECT_EQ(attached().size(), 1U);
  EXPECT_NE(pinned_link().id, before.id);
}

TEST_F(LoaderPins, AnInterfaceThatDoesNotExistIsNamed) {
  const auto dataplane = open();
  lab_->inside("n", [&] {
    const Result<> attached = dataplane->attach_pod(4711);
    ASSERT_FALSE(attached.has_value());
    EXPECT_NE(format(attached.error()).find("4711"), std::string::npos) << format(attached.error());
  });
}

TEST_F(LoaderPins, DetachLeavesTheInterfaceAlone) {
  const auto dataplane = open();
  attach(*dataplane);
  must(dataplane->detach(4242));
  EXPECT_TRUE(attached().empty());
  must(dataplane->detach(4242));
  attach(*dataplane);
  EXPECT_EQ(attached().size(), 1U);
}

TEST_F(LoaderPins, RemovePinsLeavesNothing) {
  auto dataplane = open();
  attach(*dataplane);
  dataplane.reset();
  must(ebpf::remove_pins(pins_));
  EXPECT_FALSE(fs::exists(mounted_ / "fairlead")) << "folders that only this node had";
  EXPECT_TRUE(eventually([&] { return attached().empty(); }));
  must(ebpf::remove_pins(pins_));
}

TEST_F(LoaderPins, RemovePinsLeavesTheOtherNodes) {
  const auto other = must(NodeDataplane::open({.pins = mounted_ / "fairlead" / "c1" / "n2" / "v1"}));
  open().reset();
  must(ebpf::remove_pins(pins_));
  EXPECT_TRUE(fs::exists(mounted_ / "fairlead" / "c1" / "n2" / "v1" / "flows"));
  EXPECT_FALSE(fs::exists(mounted_ / "fairlead" / "c1" / "n1"));
}

}  // namespace
}  // namespace fairlead::test
