// SPDX-License-Identifier: Apache-2.0
// A dry run in words: each look-up with what it found and what that means, then
// the verdict and, of a packet that goes to a server, the header it would get.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dataplane/lb/why/dry_run.h"

namespace fairlead::lb {

struct Naming {
  std::function<std::string(std::uint32_t)> service;  // by number: "web"
  std::function<std::string(std::uint32_t)> server;   // by number: "192.0.2.11"
};

struct Explained {
  std::string table;  // "edge_vips 1711"; empty: no look-up
  std::string found;
  std::string why;
};

std::vector<Explained> explain(const DryRun& run, std::uint64_t beat, const Naming& naming);

std::string_view verdict_name(std::uint32_t verdict);
std::string_view verdict_meaning(std::uint32_t verdict);
// "ipv4 192.0.2.1 > 192.0.2.11 ipip, 20 bytes more; to 02:00:00:00:00:01"; of a frame with no more than its
// Ethernet header anew, that.
std::string describe_frame(const DryRun& run);

}  // namespace fairlead::lb
