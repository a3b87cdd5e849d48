// SPDX-License-Identifier: Apache-2.0
// Where a page of a range begins: the request checked against the revisions a
// backend still has. A page token is "REVISION/KEY", the next key to read; it
// is opaque to callers and checked like any other input.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "control/store/store.h"

namespace fairlead::store {

struct PageStart {
  Revision revision;
  std::string key;
};

Result<PageStart> page_start(const RangeRequest& request, Revision compacted, Revision newest);
std::string page_token(Revision revision, std::string_view key);

// The refusals that a range and a watch share: compacted, or from the future.
Result<> readable(Revision revision, Revision compacted, Revision newest);

}  // namespace fairlead::store
