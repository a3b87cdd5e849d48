// SPDX-License-Identifier: Apache-2.0
// Any text as a ForwardingState: what parses prints and parses to the same, and
// what validates lowers, twice to the same rows.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "dataplane/model/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead::model;
  const auto state = parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!state) return 0;
  const auto again = parse(format(*state));
  FL_CHECK(again && *again == *state);
  if (!validate(*state)) return 0;
  const auto image = lower(*state);
  FL_CHECK(image.has_value());
  FL_CHECK(*lower(*state, *image) == *image);
  return 0;
}
