// SPDX-License-Identifier: Apache-2.0
// The hash by which a rolling update sees which pods have the newest
// template. Stable across machines and versions: a field enters only when it
// differs from its default, under a number that never changes, so that a new
// field does not restart every pod of a cluster that does not use it.
#pragma once

#include <string>

#include "control/catalog/objects.h"

namespace fairlead {

std::string template_hash(const PodTemplate& pod);  // 16 hexadecimal digits

}  // namespace fairlead
