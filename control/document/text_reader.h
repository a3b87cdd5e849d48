// SPDX-License-Identifier: Apache-2.0
// Text of users -> Values, one for each document: JSON when it looks like it,
// else YAML in a strict subset: no anchors, aliases or tags, no duplicate keys,
// texts as keys. UTF-8 of at most 1 MiB; bounded in documents, depth and nodes
// before anything recurses over the result. Scalars keep their text; what they
// mean is decided by the field that reads them.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "control/document/value.h"

namespace fairlead::document {

// Empty documents are left out.
std::expected<std::vector<Value>, Diagnostic> parse_text(std::string_view text, std::size_t max_documents);

}  // namespace fairlead::document
