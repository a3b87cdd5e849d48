// SPDX-License-Identifier: Apache-2.0
// The system calls that a container may not make, as `linux.seccomp` of its
// bundle. A list of what is refused, not of what is allowed: the kernel checks
// each other call by the container's capabilities and namespaces, which are few.
// Refused is what changes the whole machine, what makes a user namespace (and
// with it every capability inside), and young or rarely needed interfaces by
// which kernels were broken. A refused call is EPERM to the program; clone3 is
// ENOSYS, because its flags cannot be seen and libraries then use clone.
#pragma once

#include <boost/json.hpp>

namespace fairlead::runtime {

boost::json::object seccomp_profile();

}  // namespace fairlead::runtime
