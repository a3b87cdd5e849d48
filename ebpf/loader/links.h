// SPDX-License-Identifier: Apache-2.0
// A program on an interface, held by a link that is pinned: it stays when the
// daemon goes, and the next daemon's program takes its place in one step. A pin
// whose interface is gone is made anew. With an empty `pin` the link lives as
// long as the returned descriptor.
//
// libbpf before 1.3 does not know tcx (kernel 6.6); the system call does.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::ebpf {

Result<Fd> attach_tcx_ingress(int program, std::uint32_t ifindex, const std::filesystem::path& pin);
Result<Fd> attach_tcx_egress(int program, std::uint32_t ifindex, const std::filesystem::path& pin);

// How a link runs an XDP program: in its driver, or in the kernel's stack for links whose driver cannot.
enum class XdpMode : std::uint8_t { any, native, generic };

// `any`: what an earlier one has, else native, else generic.
Result<Fd> attach_xdp(int program, std::uint32_t ifindex, XdpMode mode, const std::filesystem::path& pin);
Result<XdpMode> xdp_mode_of(std::uint32_t ifindex);

}  // namespace fairlead::ebpf
