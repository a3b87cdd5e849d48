// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/store/backends.h"

#include <cstdlib>

#include "control/store/sqlite_store.h"

namespace fairlead::store::test {

Folder::Folder(Place place) {
  const std::filesystem::path memory = "/dev/shm";
  const bool in_memory = place == Place::memory && std::filesystem::is_directory(memory);
  std::string name =
      ((in_memory ? memory : std::filesystem::temp_directory_path()) / "fl-store-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Folder::clear() const {
  for (const auto& entry : std::filesystem::directory_iterator(path_)) std::filesystem::remove_all(entry);
}

std::vector<Backend> backends() {
  const auto memory = [](const Folder&, History history) { return make_memory_store(history); };
  const auto sqlite = [](const Folder& folder, History history) -> std::unique_ptr<Store> {
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
