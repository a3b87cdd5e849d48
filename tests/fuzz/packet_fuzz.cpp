// SPDX-License-Identifier: Apache-2.0
// Any octets as a packet, from a pod (first octet even) or from the wire, on the
// reference machine: no byte outside the packet is read, every packet gets one
// verdict, and what leaves has the length that its verdict says.
#include <cstdint>
#include <cstdlib>

#include "base/check.h"
#include "dataplane/fwd/verdicts.h"
#include "tests/packet/case.h"

namespace {

using namespace fairlead::test;

const Case& base() {
  static const Case kCase = read_case(std::filesystem::path(std::getenv("FL_SOURCE_DIR")) /
                                      "tests/packet/cases/straight_echo.case");
  return kCase;
}

void check_length(const Outcome& outcome, std::size_t before, bool from_wire) {
  if (is_drop(outcome.verdict)) return;
  const std::size_t after = outcome.packet.size();
  if (outcome.verdict == FWD_TO_WIRE)
    FL_CHECK(after == before + 50, before, after);
  else if (from_wire && outcome.verdict != FWD_PASS)
    FL_CHECK(after == before - 50, before, after);
  else
    FL_CHECK(after == before, before, after);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Reference machine(base().tables, base().now, 64);
  if (size < 1) return 0;
  const bool from_wire = data[0] & 1;
  const Bytes packet(data + 1, data + size);
  const Outcome outcome = from_wire ? machine.from_wire(packet) : machine.from_pod(packet, 1);
  FL_CHECK(outcome.verdict < FWD_VERDICT_COUNT, outcome.verdict);
  check_length(outcome, packet.size(), from_wire);
  return 0;
}
