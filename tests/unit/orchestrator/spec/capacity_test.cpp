// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "orchestrator/spec/spec.h"

namespace fairlead::spec {
namespace {

Node node(const std::string& name, std::uint32_t cores, std::uint64_t gib,
          NodeState state = NodeState::ready) {
  Node n;
  n.meta.name = name;
  n.cpu_milli = cores * 1000;
  n.memory_bytes = gib << 30;
  n.status.state = state;
  return n;
}

const std::vector<Node> kNodes{node("n1", 2, 4), node("n2", 4, 8), node("n3", 64, 64, NodeState::silent)};

std::string told(const std::string& resources, std::span<const Node> nodes = kNodes) {
  const std::string text =
      "kind: Job\nname: web\nnamespace: shop\ntype: service\nreplicas: 3\ncontainers:\n  - name: web\n"
      "    image: oci:images/nginx\n    resources: {" +
      resources + "}\n";
  const auto parsed = parse_documents("bad.yaml", text);
  if (!parsed) return format(parsed.error().front());
  std::string all;
  for (const Diagnostic& d : check_against_nodes(parsed->front(), nodes)) all += format(d) + "\n";
  return all;
}

TEST(Capacity, TheMessageOfTheDesign) {
  EXPECT_EQ(told("cpu: 250"),
            "bad.yaml:9:22: resources.cpu: 250 exceeds every node (largest: n2, 4). Did you mean 0.25?\n");
}

TEST(Capacity, WhatFitsIsFine) { EXPECT_EQ(told("cpu: 4, memory: 8GiB"), ""); }

TEST(Capacity, MemoryNamesTheLargestNode) {
  EXPECT_EQ(told("cpu: 1, memory: 512GiB"),
            "bad.yaml:9:33: resources.memory: 512GiB exceeds every node (largest: n2, 8GiB). Did you "
            "mean 512MiB?\n");
}

TEST(Capacity, NothingIsGuessedWhereAThousandthDoesNotFitEither) {
  EXPECT_EQ(told("cpu: 4.5"),
            "bad.yaml:9:22: resources.cpu: 4.5 exceeds every node (largest: n2, 4). Ask for at most 4\n");
}

TEST(Capacity, BothAreTold) {
  EXPECT_EQ(told("cpu: 250, memory: 512GiB").find('\n'), told("cpu: 250").size() - 1);
}

TEST(Capacity, WithoutNodesNothingIsCompared) {
  EXPECT_EQ(told("cpu: 250", {}), "");
  const std::vector<Node> silent{node("n1", 1, 1, NodeState::silent)};
  EXPECT_EQ(told("cpu: 250", silent), "");
}

TEST(Capacity, TheContainersOfAPodAreAddedUp) {
  const auto parsed = parse_documents("bad.yaml",
                                      "kind: Job\nname: web\ncontainers:\n"
                                      "  - {name: a, image: oci:a, resources: {cpu: 3}}\n"
                                      "  - {name: b, image: oci:b, resources: {cpu: 2}}\n");
  ASSERT_TRUE(parsed.has_value());
  const auto found = check_against_nodes(parsed->front(), kNodes);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(format(found[0]),
            "bad.yaml:4:3: containers: together ask for 5 cores, more than any node has (largest: n2, 4). "
            "Ask for less");
}

}  // namespace
}  // namespace fairlead::spec
