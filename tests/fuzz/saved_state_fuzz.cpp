// SPDX-License-Identifier: Apache-2.0
// What an agent finds in its state file: refused as corrupt, or a state whose
// file reads as the same state. The checksum would hide everything behind it,
// so the octets are read as they are and once more with the sum they should have.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "orchestrator/agent/saved/saved_state.h"

using namespace fairlead;

namespace {

void comes_back(std::string_view octets) {
  const auto saved = agent::decode_saved_state(octets);
  if (!saved) {
    FL_CHECK(saved.error().code == Code::corrupt, format(saved.error()));
    return;
  }
  const auto again = agent::decode_saved_state(agent::encode(*saved));
  FL_CHECK(again && *again == *saved, octets.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string octets(reinterpret_cast<const char*>(data), size);
  comes_back(octets);
  const std::uint64_t sum = StableHash().add(octets).value();
  for (unsigned i = 0; i < 8; ++i) octets += static_cast<char>(sum >> (8 * i));
  comes_back(octets);
  return 0;
}
