// SPDX-License-Identifier: Apache-2.0
// YAML text -> Values, one for each document. A strict subset: no anchors,
// aliases or tags, no duplicate keys, texts as keys; bounded in documents,
// depth and nodes before anything recurses over the result. Scalars keep their
// text; what they mean is decided by the field that reads them.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "control/document/value.h"

namespace fairlead::spec {

// Empty documents are left out. The text is UTF-8 of bounded size already.
std::expected<std::vector<document::Value>, document::Diagnostic> parse_yaml(std::string_view text,
                                                                             std::size_t max_documents);

}  // namespace fairlead::spec
