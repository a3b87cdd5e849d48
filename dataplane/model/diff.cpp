// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/diff.h"

namespace fairlead::model {
namespace {

// Both walk two ordered maps side by side: a table of rings has a million rows.
void add_changes(TableId table, const Rows& from, const Rows& to, TablePatch& patch) {
  auto old = from.begin();
  for (const auto& [key, value] : to) {
    while (old != from.end() && (*old).key < key) ++old;
    if (old == from.end() || (*old).key != key || (*old).value != value)
      patch.push_back({table, std::string(key), std::string(value)});
  }
}

void add_removals(TableId table, const Rows& from, const Rows& to, TablePatch& patch) {
  auto kept = to.begin();
  for (const auto& [key, value] : from) {
    while (kept != to.end() && (*kept).key < key) ++kept;
    if (kept == to.end() || (*kept).key != key) patch.push_back({table, std::string(key), std::nullopt});
  }
}

}  // namespace

TablePatch diff(const TableImage& from, const TableImage& to) {
  TablePatch patch;
  for (std::size_t i = 0; i < kTableCount; ++i)
    add_changes(static_cast<TableId>(i), from.rows[i], to.rows[i], patch);
  for (std::size_t i = kTableCount; i-- > 0;)
    add_removals(static_cast<TableId>(i), from.rows[i], to.rows[i], patch);
  return patch;
}

void apply(const TableChange& change, TableImage& image) {
  Rows& rows = image[change.table];
  if (change.value)
    rows.insert_or_assign(change.key, *change.value);
  else
    rows.erase(change.key);
}

}  // namespace fairlead::model
