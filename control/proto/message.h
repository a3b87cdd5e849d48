// SPDX-License-Identifier: Apache-2.0
// fairlead.v1.Object <-> Object, for the two files of this room that handle
// messages. Nothing outside includes this.
#pragma once

#include "base/result.h"
#include "control/catalog/objects.h"

namespace fairlead::v1 {
class Object;
class PodStatus;
}  // namespace fairlead::v1

namespace fairlead::proto {

void fill_object(v1::Object& message, const Object& object);
Result<Object> object_of(const v1::Object& message);

void fill_status(v1::PodStatus& message, const PodStatus& status);
Result<PodStatus> status_of(const v1::PodStatus& message);

}  // namespace fairlead::proto
