// SPDX-License-Identifier: Apache-2.0
// One TCP conversation with answer.py: octets there and back, and who answered.
#pragma once

#include <cstdint>
#include <string>

#include "base/ip.h"
#include "tests/support/netlab.h"

namespace fairlead::test {

struct Request {
  std::size_t up = 0, down = 0;  // octets
  std::uint32_t mark = 0;        // SO_MARK
  int limit_s = 5;
};

// The server's mark; what else came instead, or why nothing did within the limit.
std::string request(const NetLab& lab, const std::string& from, Family family, const std::string& address,
                    const Request& what = {});

}  // namespace fairlead::test
