// SPDX-License-Identifier: Apache-2.0
// The bytes of one revision on disk, and the checksums that hold the file
// together. Little endian, exactly this and nothing behind it:
//
//   record  = version:u8 (1)  count:u32  count x change
//   change  = type:u8 (0 put, 1 erase)  size:u32 key  size:u32 value
//
// chain(n) = checksum of chain(n-1), n and record(n): a record that changed,
// went missing or moved breaks every chain value from there on. The checksum is
// 64-bit FNV-1a: it finds accidents (any single changed byte for certain), not
// an attacker, who could write the whole file anew anyway.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/store/txn.h"

namespace fairlead::store {

std::string encode_record(const std::vector<Op>& changes);

// Errors: corrupt, with the place in the record. Bounded by the bytes given.
Result<std::vector<Op>> decode_record(std::string_view bytes);

std::uint64_t chain_checksum(std::uint64_t before, Revision revision, std::string_view record);

// Of one key of the folded state; the file keeps the exclusive-or of all of them.
std::uint64_t item_checksum(const KeyValue& item);

}  // namespace fairlead::store
