// SPDX-License-Identifier: Apache-2.0
// What a pod may expect holds with and without encapsulation: the parameter of tests that are run in both
// modes of a network.
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "dataplane/model/forwarding_state.h"

namespace fairlead::test {

using InEachMode = testing::TestWithParam<model::NetworkMode>;

inline auto each_mode() { return testing::Values(model::NetworkMode::vxlan, model::NetworkMode::native); }

inline std::string mode_name(const testing::TestParamInfo<model::NetworkMode>& info) {
  return info.param == model::NetworkMode::native ? "Native" : "Vxlan";
}

}  // namespace fairlead::test
