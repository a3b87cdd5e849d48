// SPDX-License-Identifier: Apache-2.0
// TableImage: the rows of every table of dataplane/fwd as bytes, and
// TablePatch: an ordered list of changes from one image to another, of which
// every prefix is safe. lower() and diff() make them (lower.h, diff.h); the
// loader, the tests' reference and DPDK apply and read them.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "dataplane/fwd/tables.h"

namespace fairlead::model {

enum class Engine : std::uint8_t { HASH, ARRAY, LPM };

enum class TableId : std::uint8_t {
#define FL_TABLE_ID(name, engine, key, value, capacity) name,
  FWD_TABLES(FL_TABLE_ID)
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

// In publish order, as tables.h gives it.
inline constexpr std::array<TableInfo, kTableCount> kTables{{
#define FL_TABLE_INFO(name, engine, key, value, capacity) \
  {#name, Engine::engine, sizeof(key), sizeof(value), capacity},
    FWD_TABLES(FL_TABLE_INFO)
#undef FL_TABLE_INFO
}};

constexpr const TableInfo& info(TableId table) { return kTables[static_cast<std::size_t>(table)]; }

// The bytes of a row, and back. Rows have no hidden padding (abi.h).
template <class T>
std::string bytes_of(const T& row) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::string(reinterpret_cast<const char*>(&row), sizeof row);
}

template <class T>
T row_from(std::string_view bytes) {
  T row{};
  std::memcpy(&row, bytes.data(), std::min(sizeof row, bytes.size()));
  return row;
}

using Rows = std::map<std::string, std::string>;  // key bytes -> value bytes

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
