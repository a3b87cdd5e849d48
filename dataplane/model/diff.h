// SPDX-License-Identifier: Apache-2.0
// diff(): the ordered changes from one image to another. Additions and changes
// go in the publish order of tables.h, then removals in its reverse. When `to`
// was lowered against `from`, every prefix of the patch is safe: no row names
// one that is absent or means something else. apply() is what a table engine
// does, on an image.
#pragma once

#include "dataplane/model/table_image.h"

namespace fairlead::model {

TablePatch diff(const TableImage& from, const TableImage& to);

void apply(const TableChange& change, TableImage& image);

}  // namespace fairlead::model
