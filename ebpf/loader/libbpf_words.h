// SPDX-License-Identifier: Apache-2.0
// libbpf's own words matter only when loading fails; the last of them are kept,
// for the thread that loads.
#pragma once

#include <string>

#include "base/result.h"

namespace fairlead::ebpf {

void keep_libbpf_words();
std::unexpected<Error> load_error(const std::string& what);

}  // namespace fairlead::ebpf
