// SPDX-License-Identifier: Apache-2.0
// The store's keys, once:
//
//     /object/KIND/NAMESPACE/NAME     an object; "-" stands for no namespace
//     /lease/NETWORK/ADDRESS          a lease record
//     /event/SEQ                      20 digits, so that text order is time order
//     /config/cluster, /config/seed
//     /config/network                 of a store from before networks were objects
//     /leader                         who may write; the store's lease
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

inline constexpr std::string_view kObjects = "/object/";
inline constexpr std::string_view kLeases = "/lease/";
inline constexpr std::string_view kEvents = "/event/";
inline constexpr std::string_view kClusterKey = "/config/cluster";
inline constexpr std::string_view kSeedKey = "/config/seed";
inline constexpr std::string_view kOldNetworkKey = "/config/network";
inline constexpr std::string_view kLeaderKey = "/leader";

std::string store_key(const plan::ObjectKey& key);
std::optional<plan::ObjectKey> parse_object_key(std::string_view text);
std::string lease_key(const IpAddress& address);
std::string event_key(std::uint64_t seq);

// "job" and "jobs" of a path or a query.
std::optional<Kind> parse_kind(std::string_view word);

}  // namespace fairlead::server
