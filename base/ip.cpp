// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <arpa/inet.h>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace fairlead {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool bit(const IpAddress& address, unsigned i) { return (address.bytes[i / 8] >> (7 - i % 8)) & 1; }

bool same_bits(const IpAddress& a, const IpAddress& b, unsigned length) {
  const unsigned whole = length / 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  for (unsigned i = whole * 8; i < length; ++i)
    if (bit(a, i) != bit(b, i)) return false;
  return true;
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress address;
  std::memcpy(address.bytes.data(), kMapped.data(), kMapped.size());
  const std::uint32_t wire = htonl(host_order);
  std::memcpy(address.bytes.data() + 12, &wire, 4);
  return address;
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  IpAddress address;
  in_addr four{};
  const bool whole = copy.find('\0') == std::string::npos;  // inet_pton() would stop there
  if (whole && inet_pton(AF_INET, copy.c_str(), &four) == 1) return v4(ntohl(four.s_addr));
  if (whole && inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return fail(Code::invalid, "address \"" + copy + "\"", "is neither IPv4 nor IPv6",
              "write 10.0.0.1 or fd00::1");
}

bool IpAddress::is_v4() const { return std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0; }

std::uint32_t IpAddress::v4_host_order() const {
  std::uint32_t wire = 0;
  std::memcpy(&wire, bytes.data() + 12, 4);
  return ntohl(wire);
}

IpAddress IpAddress::plus(std::uint64_t n) const {
  IpAddress sum = *this;
  std::uint64_t carry = n;
  for (int i = 15; i >= 0 && carry != 0; --i) {
    auto& byte = sum.bytes[static_cast<std::size_t>(i)];
    carry += byte;
    byte = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return sum;
}

std::string format(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.is_v4())
    inet_ntop(AF_INET, address.bytes.data() + 12, text.data(), text.size());
  else
    inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
  return text.data();
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::string remedy = "write 10.244.0.0/16 or fd00:244::/64";
  const std::string object = "prefix \"" + std::string(text) + "\"";
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return fail(Code::invalid, object, "has no /length", remedy);
  FL_TRY(const IpAddress address, IpAddress::parse(text.substr(0, slash)));
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const unsigned longest = address.is_v4() ? 32 : 128;
  if (error != std::errc{} || end != digits.data() + digits.size() || length > longest)
    return fail(Code::invalid, object, "has a length outside 0 to " + std::to_string(longest), remedy);
  const Prefix prefix{address, static_cast<std::uint8_t>(length)};
  for (unsigned i = prefix.length128(); i < 128; ++i)
    if (bit(address, i)) return fail(Code::invalid, object, "has bits set beyond its length", remedy);
  return prefix;
}

bool Prefix::contains(const IpAddress& other) const {
  return other.family() == family() && same_bits(address, other, length128());
}

bool Prefix::overlaps(const Prefix& other) const {
  return other.family() == family() &&
         same_bits(address, other.address, std::min(length128(), other.length128()));
}

std::uint8_t Prefix::length128() const {
  return static_cast<std::uint8_t>(address.is_v4() ? length + 96 : length);
}

std::uint64_t Prefix::size() const {
  const unsigned bits = 128U - length128();
  return bits >= 64 ? ~std::uint64_t{0} : std::uint64_t{1} << bits;
}

bool is_reserved(const Prefix& range) {
  for (const char* text :
       {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8"})
    if (const Prefix reserved = Prefix::parse(text).value();
        reserved.family() == range.family() && reserved.overlaps(range))
      return true;
  return false;
}

bool is_reserved(const IpAddress& address) {
  return is_reserved(Prefix{address, static_cast<std::uint8_t>(address.is_v4() ? 32 : 128)});
}

std::string format(const Prefix& prefix) {
  return format(prefix.address) + "/" + std::to_string(prefix.length);
}

Result<MacAddress> MacAddress::parse(std::string_view text) {
  MacAddress mac;
  const std::string copy(text);
  int used = 0;
  auto& b = mac.bytes;
  const int got = std::sscanf(copy.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &b[0], &b[1], &b[2],
                              &b[3], &b[4], &b[5], &used);
  if (got != 6 || static_cast<std::size_t>(used) != copy.size())
    return fail(Code::invalid, "MAC address \"" + copy + "\"", "is not six hex octets",
                "write 02:00:00:00:00:01");
  return mac;
}

std::string format(const MacAddress& mac) {
  std::array<char, 18> text{};
  const auto& b = mac.bytes;
  std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
                b[5]);
  return text.data();
}

}  // namespace fairlead
