// SPDX-License-Identifier: Apache-2.0
// Random packets around the state node1.state: mostly well-formed, between
// known pods, services, the node and the world, with few ports so that flows
// meet; some mutated or cut short. The same seed gives the same packets.
#pragma once

#include <random>

#include "tests/packet/reference.h"

namespace fairlead::test {

struct RandomPacket {
  bool from_wire = false;
  Bytes bytes;
};

RandomPacket random_packet(std::mt19937_64& random);

}  // namespace fairlead::test
