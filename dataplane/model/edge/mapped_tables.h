// SPDX-License-Identifier: Apache-2.0
// The edge's tables in memory that an engine reads while they are written: BPF
// maps that are mapped, or the pages of a DPDK process. Rows are arrays of 8-byte
// words; each is written by one store, from the last word to the first, and a
// removed row from the first to the last (dataplane/fwd/edge/rows.h).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "dataplane/model/table_image.h"

namespace fairlead::model {

inline constexpr std::size_t kEdgeTableCount = kTableCount - kNodeTableCount;

class MappedTables {
 public:
  // Memory for `capacity` rows, whose bytes are a multiple of 8; it must outlive this.
  void set(TableId table, void* memory) { at(table) = static_cast<std::uint64_t*>(memory); }
  static std::size_t bytes_of_table(TableId table) { return info(table).value_bytes * info(table).capacity; }

  const void* row(TableId table, std::uint32_t index) const {
    return index < info(table).capacity ? at(table) + index * words(table) : nullptr;
  }

  // `stored` is called behind each store.
  template <class Stored>
  void apply(const TableChange& change, Stored&& stored) {
    const auto index = row_from<std::uint32_t>(change.key);
    FL_CHECK(index < info(change.table).capacity, info(change.table).name, index);
    const std::size_t count = words(change.table);
    std::uint64_t* to = at(change.table) + index * count;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t word = change.value ? count - 1 - i : i;
      std::uint64_t value = 0;
      if (change.value) std::memcpy(&value, change.value->data() + word * 8, 8);
      __atomic_store_n(to + word, value, __ATOMIC_RELEASE);
      stored();
    }
  }
  void apply(const TableChange& change) {
    apply(change, [] {});
  }

  // What an earlier daemon left: every row that is not all zero.
  TableImage image() const {
    TableImage image;
    for (std::size_t t = kNodeTableCount; t < kTableCount; ++t) {
      const auto table = static_cast<TableId>(t);
      const std::size_t bytes = info(table).value_bytes;
      for (std::uint32_t i = 0; i < info(table).capacity; ++i) {
        const auto* words = static_cast<const std::uint64_t*>(row(table, i));
        if (std::any_of(words, words + bytes / 8, [](std::uint64_t word) { return word != 0; }))
          image[table].append(bytes_of(i), {reinterpret_cast<const char*>(words), bytes});
      }
      image[table].settle();
    }
    return image;
  }

 private:
  static std::size_t words(TableId table) { return info(table).value_bytes / 8; }
  std::uint64_t*& at(TableId table) { return memory_[static_cast<std::size_t>(table) - kNodeTableCount]; }
  std::uint64_t* at(TableId table) const {
    return memory_[static_cast<std::size_t>(table) - kNodeTableCount];
  }
  std::array<std::uint64_t*, kEdgeTableCount> memory_{};
};

#define FL_WHOLE_WORDS(name, engine, key, value, capacity) \
  static_assert(sizeof(value) % 8 == 0, "a row of " #name " is whole words");
FWD_EDGE_TABLES(FL_WHOLE_WORDS)
#undef FL_WHOLE_WORDS

}  // namespace fairlead::model
