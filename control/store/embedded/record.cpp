// SPDX-License-Identifier: Apache-2.0
#include "control/store/embedded/record.h"

#include <optional>

namespace fairlead::store {

namespace {

constexpr std::uint8_t kRecordVersion = 1;
constexpr std::uint64_t kFnvOffset = 14695981039346656037U;
constexpr std::uint64_t kFnvPrime = 1099511628211U;

void append_u32(std::string& out, std::size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

void append_bytes(std::string& out, std::string_view bytes) {
  append_u32(out, bytes.size());
  out.append(bytes);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::optional<std::uint8_t> u8() {
    if (left() < 1) return std::nullopt;
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }

  std::optional<std::uint32_t> u32() {
    if (left() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 8)
      value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes_[at_++])) << shift;
    return value;
  }

  std::optional<std::string> bytes() {
    const auto size = u32();
    if (!size || left() < *size) return std::nullopt;
    at_ += *size;
    return std::string(bytes_.substr(at_ - *size, *size));
  }

  std::size_t left() const { return bytes_.size() - at_; }
  std::size_t place() const { return at_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::optional<Op> read_change(Reader& reader) {
  const auto type = reader.u8();
  if (!type || *type > 1) return std::nullopt;
  auto key = reader.bytes();
  if (!key || key->empty()) return std::nullopt;
  auto value = reader.bytes();
  if (!value || (*type == 1 && !value->empty())) return std::nullopt;
  return *type == 0 ? put(std::move(*key), std::move(*value)) : erase(std::move(*key));
}

class Fnv {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * kFnvPrime;
  }
  void add(std::uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) hash_ = (hash_ ^ ((value >> shift) & 0xff)) * kFnvPrime;
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = kFnvOffset;
};

}  // namespace

std::string encode_record(const std::vector<Op>& changes) {
  std::string out(1, static_cast<char>(kRecordVersion));
  append_u32(out, changes.size());
  for (const auto& change : changes) {
    out.push_back(change.type == Op::Type::put ? '\0' : '\1');
    append_bytes(out, change.key);
    append_bytes(out, change.value);
  }
  return out;
}

Result<std::vector<Op>> decode_record(std::string_view bytes) {
  Reader reader(bytes);
  const auto damaged = [&] {
    return fail(Code::corrupt, "record", "unreadable at byte " + std::to_string(reader.place()));
  };
  const auto version = reader.u8();
  const auto count = reader.u32();
  if (version != kRecordVersion || !count || *count == 0 || *count > kMaxTxnOperations) return damaged();
  std::vector<Op> changes;
  for (std::uint32_t i = 0; i < *count; ++i) {
    auto change = read_change(reader);
    if (!change) return damaged();
    changes.push_back(std::move(*change));
  }
  if (reader.left() != 0) return damaged();
  return changes;
}

std::uint64_t chain_checksum(std::uint64_t before, Revision revision, std::string_view record) {
  Fnv hash;
  hash.add(before);
  hash.add(revision.value);
  hash.add(record);
  return hash.value();
}

std::uint64_t item_checksum(const KeyValue& item) {
  Fnv hash;
  hash.add(item.key.size());
  hash.add(item.key);
  hash.add(item.value);
  hash.add(item.create_revision.value);
  hash.add(item.mod_revision.value);
  return hash.value();
}

}  // namespace fairlead::store
