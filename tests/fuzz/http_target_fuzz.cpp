// SPDX-License-Identifier: Apache-2.0
// Request targets and error bodies from anyone: no crash, bounds kept, and
// what parses comes back the same from its printed form.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "control/net/http.h"

using namespace fairlead::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = parse_target(text);
  if (target) {
    FL_CHECK(target->segments.size() <= 16 && target->query.size() <= 16, text);
    const auto again = parse_target(format_target("/", target->query));
    FL_CHECK(again && again->query == target->query, text);
  }
  (void)error_of({500, "application/json", std::string(text)}, "peer");
  return 0;
}
