// SPDX-License-Identifier: Apache-2.0
// A lease record as the store may hold it: read or refused, and what is read
// writes the text that reads the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ipam/lease.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lease = fairlead::ipam::decode_lease(text);
  if (!lease) return 0;
  const auto again = fairlead::ipam::decode_lease(fairlead::ipam::encode_lease(*lease));
  FL_CHECK(again && *again == *lease, text);
  return 0;
}
