// SPDX-License-Identifier: Apache-2.0
// Any octets as a user's document, YAML or JSON: it is refused with at least
// one diagnostic and no more than the bound, or what it says prints and parses
// to the same objects in both forms.
#include "base/check.h"
#include "orchestrator/spec/spec.h"

namespace {

using namespace fairlead;

void check_round_trip(const spec::Parsed& parsed, const std::string& text) {
  const auto again = spec::parse_documents("again", text);
  FL_CHECK(again.has_value(), text, document::format(again.error().front()));
  FL_CHECK(again->size() == 1 && again->front().object == parsed.object, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto parsed = spec::parse_documents("fuzz", text);
  if (!parsed) {
    FL_CHECK(!parsed.error().empty() && parsed.error().size() <= document::kMaxDiagnostics);
    for (const auto& d : parsed.error()) FL_CHECK(!d.reason.empty());
    return 0;
  }
  for (const spec::Parsed& object : *parsed) {
    check_round_trip(object, spec::format_yaml(object.object));
    check_round_trip(object, spec::format_json(object.object));
  }
  return 0;
}
