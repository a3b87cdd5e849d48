// SPDX-License-Identifier: Apache-2.0
// Checksums that a kernel left unfinished: it wrote the pseudo header's sum where
// TCP's and UDP's checksum belongs and counts on hardware for the rest (RFC 1071).
// A frame that crossed a veth into a user's socket still carries that.
#pragma once

#include "dataplane/dpdk/burst.h"

namespace fairlead::dpdk {

// Finishes the checksum of the TCP or UDP packet when it is unfinished. Another one is left as it is, wrong
// ones too, but for one in 65,536 wrong ones that look unfinished; a right one that does is its own result. A
// packet whose payload stands in several segments is left as it is.
void finish_sum(Frame& frame, const fwd_headers& packet);

}  // namespace fairlead::dpdk
