// SPDX-License-Identifier: Apache-2.0
#include "control/proto/convert.h"

#include "control/proto/stream.h"
