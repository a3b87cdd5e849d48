// SPDX-License-Identifier: Apache-2.0
// Pods reach the world with the node's address: one nftables table, `inet
// fairlead`, in the node's namespace, replaced in one transaction by `nft -f`.
// No address of a pool crosses the uplink untunnelled, in either direction.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace fairlead::runtime {

struct Masquerade {
  std::string uplink;
  std::vector<Prefix> pods;  // sources
  std::vector<Prefix>
      kept;  // destinations that are not translated, and that no stranger may use: pools, VIPs
  struct Apart {
    std::vector<Prefix> from, to;
  };
  std::vector<Apart> apart{};  // what this node never forwards: from one network to another
};

std::string masquerade_rules(const Masquerade& masquerade);  // for nft -f; replaces what is there
Result<> apply_masquerade(const Masquerade& masquerade);
Result<> delete_masquerade();

}  // namespace fairlead::runtime
