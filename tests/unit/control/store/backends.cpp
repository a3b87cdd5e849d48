// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/store/backends.h"

#include <cstdlib>

#include "control/store/sqlite_store.h"

namespace fairlead::store::test {

std::vector<Backend> backends() {
  const auto memory = [](const Scratch&, History history) { return make_memory_store(history); };
  const auto sqlite = [](const Scratch& folder, History history) -> std::unique_ptr<Store> {
    auto store = open_sqlite_store(folder / "store.db", history);
    EXPECT_TRUE(store) << format(store.error());
    return store ? std::move(*store) : nullptr;
  };
  return {{"memory", false, memory}, {"sqlite", true, sqlite}};
}

std::uint64_t ContractTest::write(std::vector<Op> operations) {
  const auto outcome = store_->commit({{}, std::move(operations), {}});
  EXPECT_TRUE(outcome) << format(outcome.error());
  return outcome ? outcome->revision.value : 0;
}

std::vector<KeyValue> ContractTest::all(std::string_view prefix, std::uint64_t at) {
  auto listing = list(*store_, prefix, Revision{at});
  EXPECT_TRUE(listing) << format(listing.error());
  return listing ? std::move(listing->items) : std::vector<KeyValue>{};
}

std::string ContractTest::keys(std::string_view prefix, std::uint64_t at) {
  std::string text;
  for (const auto& item : all(prefix, at)) text += (text.empty() ? "" : " ") + item.key + "=" + item.value;
  return text;
}

std::string text_of(const WatchBatch& batch) {
  std::string text = std::to_string(batch.revision.value) + ":";
  for (const auto& event : batch.events)
    text += event.type == Op::Type::put ? " put " + event.now.key + "=" + event.now.value
                                        : " erase " + event.now.key;
  return text;
}

Heard hear(Watch& watch) {
  Heard heard;
  for (;;) {
    auto next = watch.next();
    if (!next) {
      heard.end = to_string(next.error().code);
      return heard;
    }
    if (!*next) return heard;
    heard.batches.push_back(text_of(**next));
  }
}

}  // namespace fairlead::store::test
