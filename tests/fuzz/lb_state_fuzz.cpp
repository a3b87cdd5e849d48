// SPDX-License-Identifier: Apache-2.0
// Any octets as a state file, with the right sum when they have none: what is read prints and reads the same.
#include "base/check.h"
#include "dataplane/lb/core/saved.h"

namespace {

void check(const std::string& text) {
  using namespace fairlead;
  const auto saved = lb::parse_saved(text);
  if (!saved) return FL_CHECK(!saved.error().reason.empty());
  const auto again = lb::parse_saved(lb::format_saved(*saved));
  FL_CHECK(again && *again == *saved);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  check(text);
  check(fairlead::lb::with_sum(text));
  return 0;
}
