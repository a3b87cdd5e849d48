// SPDX-License-Identifier: Apache-2.0
// TableImage: the rows of every table of dataplane/fwd as bytes, and
// TablePatch: an ordered list of changes from one image to another, of which
// every prefix is safe. lower() and diff() make them (lower.h, diff.h); the
// loader, the tests' reference and DPDK apply and read them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "dataplane/fwd/tables.h"

namespace fairlead::model {

enum class Engine : std::uint8_t { HASH, ARRAY, LPM };

enum class TableId : std::uint8_t {
#define FL_TABLE_ID(name, engine, key, value, capacity) name,
  FWD_TABLES(FL_TABLE_ID) FWD_EDGE_TABLES(FL_TABLE_ID)
#undef FL_TABLE_ID
      count
};

constexpr std::size_t kTableCount = static_cast<std::size_t>(TableId::count);

struct TableInfo {
  const char* name;
  Engine engine;
  std::size_t key_bytes;
  std::size_t value_bytes;
  std::size_t capacity;
};

// Those of a node, then those of an edge, each in publish order, as tables.h gives it.
inline constexpr std::array<TableInfo, kTableCount> kTables{{
#define FL_TABLE_INFO(name, engine, key, value, capacity) \
  {#name, Engine::engine, sizeof(key), sizeof(value), capacity},
    FWD_TABLES(FL_TABLE_INFO) FWD_EDGE_TABLES(FL_TABLE_INFO)
#undef FL_TABLE_INFO
}};

inline constexpr std::size_t kNodeTableCount = static_cast<std::size_t>(TableId::edge_config);

constexpr const TableInfo& info(TableId table) { return kTables[static_cast<std::size_t>(table)]; }

// A table as the object of an error, `exhausted` when it has no room: whoever must know which asks this.
inline std::string object_of(const TableInfo& table) { return std::string("table ") + table.name; }

// The bytes of a row, and back. Rows have no hidden padding (abi.h).
template <class T>
std::string bytes_of(const T& row) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::string(reinterpret_cast<const char*>(&row), sizeof row);
}

template <class T>
T row_from(std::string_view bytes) {
  T row{};
  bytes.copy(reinterpret_cast<char*>(&row), sizeof row);
  return row;
}

struct Row {
  std::string_view key, value;
};

// The rows of one table in the order of their keys' bytes, in one piece of memory: a million slots of rings
// take 8 MB, not 110. Keys have one size, and so have values (the first row sets them). A view of a row
// ends with the next change. Whoever adds many rows in no order appends them and settles once.
class Rows {
 public:
  class Iterator {
   public:
    Iterator(const Rows* rows, std::size_t index) : rows_(rows), index_(index) {}
    Row operator*() const { return rows_->row(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Rows* rows_;
    std::size_t index_;
  };

  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }
  std::size_t size() const { return stride_ == 0 ? 0 : bytes_.size() / stride_; }
  bool empty() const { return bytes_.empty(); }
  bool contains(std::string_view key) const { return find(key).has_value(); }
  std::optional<std::string_view> find(std::string_view key) const {
    const std::size_t at = lower_bound(key);
    if (at == size() || key_at(at) != key) return std::nullopt;
    return value_at(at);
  }

  void insert_or_assign(std::string_view key, std::string_view value) {
    const std::size_t at = empty() || key_at(size() - 1) < key ? size() : lower_bound(key);
    if (at < size() && key_at(at) == key)
      std::ranges::copy(value, bytes_.begin() + offset(at) + static_cast<std::ptrdiff_t>(value_offset_));
    else
      write(at, key, value);
  }
  void erase(std::string_view key) {
    if (const std::size_t at = lower_bound(key); at < size() && key_at(at) == key)
      bytes_.erase(bytes_.begin() + offset(at), bytes_.begin() + offset(at + 1));
  }

  void append(std::string_view key, std::string_view value) { write(size(), key, value); }
  // After appending: sorts; of rows with one key the last stays. Gives back what memory is left over.
  void settle() {
    std::vector<std::uint32_t> order(size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [this](std::uint32_t i) { return std::pair(key_at(i), i); });
    std::vector<char> sorted;
    sorted.reserve(bytes_.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i + 1 < order.size() && key_at(order[i]) == key_at(order[i + 1])) continue;
      sorted.insert(sorted.end(), bytes_.begin() + offset(order[i]), bytes_.begin() + offset(order[i] + 1));
    }
    sorted.shrink_to_fit();
    bytes_ = std::move(sorted);
  }

  bool operator==(const Rows& other) const { return bytes_ == other.bytes_; }

 private:
  std::ptrdiff_t offset(std::size_t index) const { return static_cast<std::ptrdiff_t>(index * stride_); }
  std::string_view key_at(std::size_t index) const { return {bytes_.data() + index * stride_, key_bytes_}; }
  std::string_view value_at(std::size_t index) const {
    return {bytes_.data() + index * stride_ + value_offset_, value_bytes_};
  }
  Row row(std::size_t index) const { return {key_at(index), value_at(index)}; }

  std::size_t lower_bound(std::string_view key) const {
    const auto indices = std::views::iota(std::size_t{0}, size());
    return static_cast<std::size_t>(
        std::ranges::lower_bound(indices, key, {}, [this](std::size_t i) { return key_at(i); }) -
        indices.begin());
  }

  // Values begin where their struct may: at a multiple of 8, or of what divides their size.
  void lay_out(std::size_t key, std::size_t value) {
    const std::size_t align = std::min<std::size_t>(8, value & (~value + 1));
    key_bytes_ = key;
    value_bytes_ = value;
    value_offset_ = (key + align - 1) / align * align;
    stride_ = (value_offset_ + value + align - 1) / align * align;
  }

  void write(std::size_t at, std::string_view key, std::string_view value) {
    if (empty()) lay_out(key.size(), value.size());
    FL_CHECK(key.size() == key_bytes_ && value.size() == value_bytes_, key.size(), value.size());
    bytes_.insert(bytes_.begin() + offset(at), stride_, '\0');
    std::ranges::copy(key, bytes_.begin() + offset(at));
    std::ranges::copy(value, bytes_.begin() + offset(at) + static_cast<std::ptrdiff_t>(value_offset_));
  }

  std::vector<char> bytes_;
  std::size_t key_bytes_ = 0, value_bytes_ = 0, value_offset_ = 0, stride_ = 0;
};

// An ARRAY row whose value is all zero is not in the image.
struct TableImage {
  std::array<Rows, kTableCount> rows;

  Rows& operator[](TableId table) { return rows[static_cast<std::size_t>(table)]; }
  const Rows& operator[](TableId table) const { return rows[static_cast<std::size_t>(table)]; }
  bool operator==(const TableImage&) const = default;
};

struct TableChange {
  TableId table{};
  std::string key;
  std::optional<std::string> value;  // none: remove the row (ARRAY: write zeros)
  bool operator==(const TableChange&) const = default;
};

using TablePatch = std::vector<TableChange>;

}  // namespace fairlead::model
