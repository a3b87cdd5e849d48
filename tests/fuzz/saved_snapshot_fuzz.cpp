// SPDX-License-Identifier: Apache-2.0
// What an agent finds in its log of objects: refused as corrupt, or events
// that read the same when they are written again. The checksums would hide what
// is behind them: the octets are read as they are, and once more as the frame of
// one record with the sum it should have.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "orchestrator/agent/saved/frames.h"
#include "orchestrator/agent/saved/saved_snapshot.h"

using namespace fairlead;

namespace {

void comes_back(std::string_view octets) {
  const auto saved = agent::decode_saved_snapshot(octets);
  if (!saved) {
    FL_CHECK(saved.error().code == Code::corrupt, format(saved.error()));
    return;
  }
  std::string again = agent::encode_head(saved->boot);
  for (const proto::WatchEvent& event : saved->events) again += agent::encode_record(event);
  const auto read = agent::decode_saved_snapshot(again);
  FL_CHECK(read && *read == *saved, octets.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string octets(reinterpret_cast<const char*>(data), size);
  comes_back(octets);
  const proto::WatchEvent end{proto::WatchEvent::Type::synced, {}, {}};
  comes_back(agent::encode_head("b") + agent::number(octets.size()) +
             agent::number(StableHash().add(octets).value()) + octets + agent::encode_record(end));
  return 0;
}
