// SPDX-License-Identifier: Apache-2.0
// tcx links (kernel 6.6): a program at tc ingress of an interface, held by a
// pinned link. libbpf before 1.3 does not know the attach type; the system call
// does.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::ebpf {

// Attaches, or replaces the program of the link pinned at `pin` in one step. A
// pin whose interface is gone is made anew. With an empty `pin` the link lives
// as long as the returned descriptor.
Result<Fd> attach_tcx_ingress(int program, std::uint32_t ifindex, const std::filesystem::path& pin);

}  // namespace fairlead::ebpf
