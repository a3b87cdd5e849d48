// SPDX-License-Identifier: Apache-2.0
// Addresses as values: IpAddress (16 bytes in network order, IPv4 as
// ::ffff:a.b.c.d, the form of every dataplane key), Prefix, MacAddress.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // network order; all zero means "none"

  static IpAddress v4(std::uint32_t host_order);
  static Result<IpAddress> parse(std::string_view text);

  bool is_none() const { return *this == IpAddress{}; }
  bool is_v4() const;
  Family family() const { return is_v4() ? Family::v4 : Family::v6; }
  std::uint32_t v4_host_order() const;    // only when is_v4()
  IpAddress plus(std::uint64_t n) const;  // n addresses further; wraps within 128 bits
  auto operator<=>(const IpAddress&) const = default;
};

std::string format(const IpAddress& address);
inline std::ostream& operator<<(std::ostream& out, const IpAddress& a) { return out << format(a); }

struct Prefix {
  IpAddress address;        // host bits are zero
  std::uint8_t length = 0;  // 0..32 for IPv4, 0..128 for IPv6

  // Host bits that are set are an error, not silently cleared.
  static Result<Prefix> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  bool overlaps(const Prefix& other) const;
  Family family() const { return address.family(); }
  std::uint8_t length128() const;  // the length in the mapped, 128-bit form
  std::uint64_t size() const;      // number of addresses; 2^64-1 when there are more
  auto operator<=>(const Prefix&) const = default;
};

// Where no unicast address of a network can be: loopback, link-local, multicast and the like. True of a
// range that touches one of these.
bool is_reserved(const Prefix& range);
bool is_reserved(const IpAddress& address);

std::string format(const Prefix& prefix);
inline std::ostream& operator<<(std::ostream& out, const Prefix& p) { return out << format(p); }

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  static Result<MacAddress> parse(std::string_view text);
  auto operator<=>(const MacAddress&) const = default;
};

std::string format(const MacAddress& mac);
inline std::ostream& operator<<(std::ostream& out, const MacAddress& m) { return out << format(m); }

}  // namespace fairlead
