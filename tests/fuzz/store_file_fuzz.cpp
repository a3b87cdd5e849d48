// SPDX-License-Identifier: Apache-2.0
// A store's files with octets changed: opening never crashes; it refuses with
// an error that names the file and a remedy, or finds everything as it was.
// The input is a list of changes, four octets each: which file and place
// (24 bits, over the database and its log laid end to end), and what is
// exclusive-ored there.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"
#include "control/store/sqlite_store.h"
#include "tests/support/scratch.h"

namespace {

using namespace fairlead::store;
using fairlead::Revision;
using fairlead::Scratch;
namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// A store as a crash leaves it: some of it in the database, some in the log.
struct Original {
  Scratch folder;
  std::string database, log, mark;
  std::vector<KeyValue> items;

  Original() {
    fill(20);
    const auto store = open_sqlite_store(file(), {.revisions = 10}, 0).value();
    for (int i = 0; i < 10; ++i) (void)store->commit({{}, {put("log" + std::to_string(i % 3), "x")}, {}});
    items = list(*store, "")->items;
    database = read(file());
    log = read(folder / "store.db-wal");
    mark = read(folder / "store.db-mark");
  }
  fs::path file() const { return folder / "store.db"; }

 private:
  void fill(int writes) const {
    const auto store = open_sqlite_store(file(), {.revisions = 10}, 0).value();
    for (int i = 0; i < writes; ++i)
      (void)store->commit({{}, {put("key" + std::to_string(i % 7), std::string(50, '.'))}, {}});
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Original original;
  std::string database = original.database;
  std::string log = original.log;
  for (std::size_t at = 0; at + 4 <= size; at += 4) {
    const std::size_t place =
        (std::size_t{data[at]} | std::size_t{data[at + 1]} << 8U | std::size_t{data[at + 2]} << 16U) %
        (database.size() + log.size());
    char& octet = place < database.size() ? database[place] : log[place - database.size()];
    octet = static_cast<char>(octet ^ data[at + 3]);
  }
  write(original.file(), database);
  write(original.folder / "store.db-wal", log);
  write(original.folder / "store.db-mark", original.mark);
  const auto store = open_sqlite_store(original.file(), {.revisions = 10}, 0);
  if (store) {
    const auto found = list(**store, "");
    FL_CHECK(found && found->items == original.items, size);
  } else {
    FL_CHECK(store.error().object == original.file().string() && !store.error().reason.empty(), size);
  }
  return 0;
}
