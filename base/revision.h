// SPDX-License-Identifier: Apache-2.0
// Revision: the store's clock. It rises by one per writing transaction and
// never goes back; 0 means "none yet" in facts and "newest" in questions.
#pragma once

#include <cstdint>

#include "base/strong.h"

namespace fairlead {

using Revision = Strong<struct RevisionTag, std::uint64_t>;

}  // namespace fairlead
