// SPDX-License-Identifier: Apache-2.0
// Zone: one network's names at one revision, compiled from a Snapshot and then
// immutable, so that any number of threads may ask without a lock. What belongs
// to another network does not exist in it: nobody here could reach it.
//
//   <domain>                                    SOA
//   <service>.<namespace>.svc.<domain>          the service's VIP of each family
//   <pod>.<namespace>.pod.<domain>              the pod's address of each family
//   <a-b-c-d>.<namespace>.pod.<domain>          the same address, while a pod has it;
//   <fd00-244--5>.<namespace>.pod.<domain>      IPv6 in any spelling, dashes for colons
//
// A service has its name as long as it exists; a pod until it is wanted gone.
// The names between (svc.<domain>, <namespace>.svc.<domain>, ...) exist and are
// empty. One hash lookup per question, two where a pod's address is asked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/ip.h"
#include "control/catalog/network.h"
#include "control/dns/message.h"

namespace fairlead::dns {

inline constexpr std::string_view kClusterDomain = "cluster.internal";
inline constexpr std::uint32_t kTtlSeconds = 5;  // of answers and of "no": how stale a client may be

class Zone {
 public:
  // Fails when the domain is no name or is longer than kMaxDomainOctets.
  static Result<Zone> compile(const Snapshot& snapshot, std::string_view network = kDefaultNetwork,
                              std::string_view domain = kClusterDomain);

  enum class Where { outside, absent, present };
  struct Found {
    Where where = Where::outside;
    bool apex = false;
    std::size_t zone_offset = 0;  // of the domain within the asked name's wire form, when not outside
    IpAddress v4, v6;             // none where the name has no such address
  };
  Found find(const Name& name) const;

  const Soa& soa() const { return soa_; }
  Revision revision() const { return revision_; }
  std::size_t names() const {
    return names_.size();
  }  // empty ones between included; without address spellings

  // Leaves room for two full labels and ".svc." in front.
  static constexpr std::size_t kMaxDomainOctets = kMaxNameOctets - 2 * (kMaxLabelOctets + 1) - 4;

 private:
  struct Addresses {
    IpAddress v4, v6;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  Zone() = default;
  void add_namespace(std::string_view ns);
  void add_pod(const Pod& pod);
  bool find_pod_address(std::string_view relative, Found& found) const;

  std::string domain_;  // folded wire form
  Soa soa_;
  Revision revision_;
  // Folded wire form without the domain: "\3web\7default\3svc".
  std::unordered_map<std::string, Addresses, Hash, std::equal_to<>> names_;
  // "\7default" and the 16 octets of a pod's address.
  std::unordered_set<std::string, Hash, std::equal_to<>> pod_addresses_;
};

}  // namespace fairlead::dns
