// SPDX-License-Identifier: Apache-2.0
// From the model's values to those of rows, for whoever lowers a part of it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "base/ip.h"
#include "dataplane/model/table_image.h"

namespace fairlead::model {

constexpr std::uint16_t to_be16(std::uint16_t x) {
  return std::endian::native == std::endian::little ? static_cast<std::uint16_t>(x << 8 | x >> 8) : x;
}

constexpr std::uint32_t to_be32(std::uint32_t x) {
  return std::endian::native == std::endian::little ? __builtin_bswap32(x) : x;
}

inline fwd_addr row_address(const IpAddress& address) { return std::bit_cast<fwd_addr>(address.bytes); }

inline void copy_mac(const MacAddress& mac, __u8 (&to)[6]) { std::ranges::copy(mac.bytes, to); }

template <class Key, class Value>
void put(TableImage& image, TableId table, const Key& key, const Value& value) {
  image[table].append(bytes_of(key), bytes_of(value));
}

}  // namespace fairlead::model
