// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/maps.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <cerrno>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fairlead::ebpf {
namespace {

using model::Engine;
using model::TableId;
using model::TableInfo;

std::unexpected<Error> map_error(const TableInfo& table, const char* what) {
  const bool full = errno == E2BIG || errno == ENOSPC;
  return fail(full ? Code::exhausted : Code::io, model::object_of(table),
              full ? "is full at " + std::to_string(table.capacity) + " rows" : os_error(errno, "").reason,
              full ? "remove pods or services, or use more nodes" : std::string("while ") + what);
}

// Slots that nothing names any more, but a packet that found them a moment ago
// may read. Nothing writes into a slot before it went through here.
bool frees_slots(const model::TableChange& change) {
  return !change.value && (change.table == TableId::rings || change.table == TableId::backends);
}

Result<> put_run(int map, const TableInfo& table, const model::TableChange* first,
                 const model::TableChange* last) {
  std::string keys;
  std::string values;
  for (const auto* change = first; change != last; ++change) {
    keys += change->key;
    values += change->value ? *change->value : std::string(table.value_bytes, '\0');
  }
  const auto wanted = static_cast<std::uint32_t>(last - first);
  std::uint32_t count = wanted;
  if (bpf_map_update_batch(map, keys.data(), values.data(), &count, nullptr) != 0 || count != wanted)
    return map_error(table, "writing rows");
  return {};
}

Result<> erase_run(int map, const TableInfo& table, const model::TableChange* first,
                   const model::TableChange* last) {
  for (const auto* change = first; change != last; ++change)
    if (bpf_map_delete_elem(map, change->key.data()) != 0 && errno != ENOENT)
      return map_error(table, "removing a row");
  return {};
}

Result<> read_array(int map, const TableInfo& table, model::Rows& rows) {
  const std::size_t stride = (table.value_bytes + 7) / 8 * 8;  // as the kernel lays out an array map
  const std::size_t length = stride * table.capacity;
  void* memory = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, map, 0);
  if (memory == MAP_FAILED) return map_error(table, "mapping it");
  const auto* bytes = static_cast<const char*>(memory);
  for (std::uint32_t i = 0; i < table.capacity; ++i) {
    const char* row = bytes + i * stride;
    if (std::any_of(row, row + table.value_bytes, [](char c) { return c != 0; }))
      rows.append(model::bytes_of(i), std::string_view(row, table.value_bytes));
  }
  ::munmap(memory, length);
  rows.settle();
  return {};
}

Result<> read_keyed(int map, const TableInfo& table, model::Rows& rows) {
  std::string key(table.key_bytes, '\0');
  std::string next(table.key_bytes, '\0');
  std::string value(table.value_bytes, '\0');
  const void* from = nullptr;
  for (std::size_t seen = 0; seen <= table.capacity; ++seen) {
    if (bpf_map_get_next_key(map, from, next.data()) != 0) {
      if (errno != ENOENT) return map_error(table, "reading it");
      rows.settle();
      return {};
    }
    key = next;
    from = key.data();
    if (bpf_map_lookup_elem(map, key.data(), value.data()) == 0) rows.append(key, value);
  }
  return fail(Code::io, model::object_of(table), "changed while it was read", "let one agent alone write it");
}

}  // namespace

// Waits until no packet still reads what it found before: a packet's walk is
// one RCU read section, and this barrier waits for all of them.
Result<> wait_for_readers() {
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0) return {};
  return std::unexpected(os_error(errno, "membarrier", "allow the system call, and boot without nohz_full"));
}

Result<> apply_patch(const model::TablePatch& patch, const MapOf& map_of) {
  const auto* const end = patch.data() + patch.size();
  bool waited = false;
  for (const auto* first = patch.data(); first != end;) {
    if (!waited && frees_slots(*first)) {
      FL_TRY_OK(wait_for_readers());
      waited = true;
    }
    const TableInfo& table = model::info(first->table);
    const bool erase = !first->value && table.engine != Engine::ARRAY;
    const auto* last = first;
    while (last != end && last->table == first->table &&
           erase == (!last->value && table.engine != Engine::ARRAY) &&
           frees_slots(*last) == frees_slots(*first))
      ++last;
    const int map = map_of(first->table);
    FL_TRY_OK(erase ? erase_run(map, table, first, last) : put_run(map, table, first, last));
    first = last;
  }
  return {};
}

Result<model::TableImage> read_image(const MapOf& map_of) {
  model::TableImage image;
  for (std::size_t i = 0; i < model::kNodeTableCount; ++i) {
    const auto id = static_cast<TableId>(i);
    const TableInfo& table = model::info(id);
    FL_TRY_OK(table.engine == Engine::ARRAY ? read_array(map_of(id), table, image[id])
                                            : read_keyed(map_of(id), table, image[id]));
  }
  return image;
}

}  // namespace fairlead::ebpf
