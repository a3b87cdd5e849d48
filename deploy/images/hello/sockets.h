// SPDX-License-Identifier: Apache-2.0
// The few socket calls of fl-serve: dual-stack listeners, and UDP that answers
// from the address it was asked at. Non-blocking, close-on-exec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::hello {

Result<Fd> listen_tcp(std::uint16_t port);
Result<Fd> bind_udp(std::uint16_t port);

// The connection's own address as text; IPv4 without the mapped prefix.
std::string local_address(int fd);

// Answers at most 64 waiting datagrams with identity(pod, node, asked address).
void answer_datagrams(int fd, std::string_view pod, std::string_view node);

}  // namespace fairlead::hello
