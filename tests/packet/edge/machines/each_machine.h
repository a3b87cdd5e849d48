// SPDX-License-Identifier: Apache-2.0
// For tests that are one on every machine: TYPED_TEST_SUITE(Suite, EachMachine, MachineNames).
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <type_traits>

#include "tests/packet/edge/machines/edge_dpdk.h"
#include "tests/packet/edge/machines/edge_kernel.h"
#include "tests/packet/edge/machines/edge_reference.h"
#include "tests/packet/kernel.h"

namespace fairlead::test {

using EachMachine = testing::Types<EdgeReference, EdgeKernel, EdgeDpdk>;

struct MachineNames {
  template <class Machine>
  static std::string GetName(int) {
    if (std::is_same_v<Machine, EdgeKernel>) return "Xdp";
    return std::is_same_v<Machine, EdgeDpdk> ? "Dpdk" : "Reference";
  }
};

// Why this machine cannot be run here; none: it can.
template <class Machine>
std::optional<std::string> missing_for() {
  if (std::is_same_v<Machine, EdgeKernel>) return Kernel::missing();
  return std::nullopt;
}

}  // namespace fairlead::test
