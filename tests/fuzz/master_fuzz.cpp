// SPDX-License-Identifier: Apache-2.0
// Any octets as a file of records: what is taken says the same when it is written and read again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "control/dns/zone/master.h"

using namespace fairlead::dns;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MasterFile file{"fuzz", std::string(reinterpret_cast<const char*>(data), size)};
  const auto content = parse_master({&file, 1});
  if (!content) return 0;
  const MasterFile written{"written", format_master(*content)};
  const auto again = parse_master({&written, 1});
  FL_CHECK(again.has_value(), written.text.size());
  FL_CHECK(format_master(*again) == written.text, written.text.size());
  return 0;
}
