// SPDX-License-Identifier: Apache-2.0
#include "control/store/store.h"

#include <algorithm>
#include <iterator>

namespace fairlead::store {

namespace {

Result<> check_key(std::string_view key) {
  if (key.empty()) return fail(Code::invalid, "transaction", "an empty key", "name the key");
  if (key.size() > kMaxKeyBytes)
    return fail(Code::invalid, "key " + std::string(key.substr(0, 40)) + "...",
                std::to_string(key.size()) + " bytes; a key has at most " + std::to_string(kMaxKeyBytes),
                "use a shorter name");
  return {};
}

Result<> check_count(std::size_t count, std::string_view list) {
  if (count <= kMaxTxnOperations) return {};
  return fail(Code::invalid, "transaction",
              std::to_string(count) + " entries in `" + std::string(list) + "`; the limit is " +
                  std::to_string(kMaxTxnOperations),
              "split it into several transactions");
}

Result<> check_operations(const std::vector<Op>& operations, std::string_view list) {
  FL_TRY_OK(check_count(operations.size(), list));
  std::vector<std::string_view> keys;
  for (const auto& op : operations) {
    FL_TRY_OK(check_key(op.key));
    keys.push_back(op.key);
  }
  std::ranges::sort(keys);
  const auto twice = std::ranges::adjacent_find(keys);
  if (twice == keys.end()) return {};
  return fail(Code::invalid, "key " + std::string(*twice), "named twice in `" + std::string(list) + "`",
              "write each key once in a transaction");
}

}  // namespace

Result<> validate(const Txn& txn) {
  FL_TRY_OK(check_count(txn.compares.size(), "compares"));
  for (const auto& compare : txn.compares) FL_TRY_OK(check_key(compare.key));
  FL_TRY_OK(check_operations(txn.then, "then"));
  FL_TRY_OK(check_operations(txn.otherwise, "otherwise"));
  const std::size_t bytes = txn_bytes(txn);
  if (bytes <= kMaxTxnBytes) return {};
  return fail(Code::invalid, "transaction",
              std::to_string(bytes) + " bytes; the limit is " + std::to_string(kMaxTxnBytes),
              "split it into several transactions, or store less");
}

Result<std::optional<KeyValue>> get(Store& store, std::string_view key, Revision at) {
  // In key order nothing with this prefix comes before the key itself.
  FL_TRY(RangePage page, store.range({std::string(key), at, 1, {}}));
  if (page.items.empty() || page.items.front().key != key) return std::nullopt;
  return std::move(page.items.front());
}

Result<Listing> list(Store& store, std::string_view prefix, Revision at) {
  RangeRequest request{std::string(prefix), at, kMaxPageItems, {}};
  Listing all;
  do {
    FL_TRY(RangePage page, store.range(request));
    all.revision = page.revision;
    std::ranges::move(page.items, std::back_inserter(all.items));
    request.page = std::move(page.next_page);
  } while (!request.page.empty());
  return all;
}

}  // namespace fairlead::store
