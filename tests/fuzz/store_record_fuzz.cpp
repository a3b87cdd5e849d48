// SPDX-License-Identifier: Apache-2.0
// Any octets as a record of the store's log: refused, or a list of changes
// that encodes to exactly these octets again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "control/store/embedded/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::store;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto changes = decode_record(octets);
  if (!changes) return 0;
  bool values_of_erasures_are_empty = true;
  for (const auto& change : *changes)
    values_of_erasures_are_empty =
        values_of_erasures_are_empty && (change.type == Op::Type::put || change.value.empty());
  FL_CHECK(values_of_erasures_are_empty);
  FL_CHECK(encode_record(*changes) == octets, size);
  return 0;
}
