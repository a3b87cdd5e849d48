// SPDX-License-Identifier: Apache-2.0
// Any octets as a snapshot: refused with a reason, or read to the end, and then
// written again to exactly these octets.
#include <cstdint>
#include <sstream>
#include <string>

#include "base/check.h"
#include "control/store/snapshot/snapshot_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  using namespace fairlead::store;
  const std::string octets(reinterpret_cast<const char*>(data), size);
  std::istringstream in(octets);
  SnapshotEncoder encoder;
  std::string again;
  const auto summary = read_snapshot(in, [&](const KeyValue& item) {
    again += encoder.item(item);
    return Result<>{};
  });
  FL_CHECK(summary || !summary.error().reason.empty(), size);
  FL_CHECK(!summary || octets.find(again) != std::string::npos, size);
  return 0;
}
