// SPDX-License-Identifier: Apache-2.0
// The backends of the store, for the suites that hold each of them to the same
// contract. Another backend is one more line in backends().
#pragma once

#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "control/store/memory_store.h"
#include "control/store/store.h"
#include "tests/support/scratch.h"

namespace fairlead::store::test {

struct Backend {
  std::string name;
  bool durable = false;
  // Opens what was closed before in the same folder, when durable.
  std::function<std::unique_ptr<Store>(const Scratch&, History)> open;
};

std::vector<Backend> backends();
inline std::string backend_name(const testing::TestParamInfo<Backend>& info) { return info.param.name; }
inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

// A fresh store of the backend under test, and short words for what tests do with it.
class ContractTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { open({}); }
  void open(History history) {
    store_.reset();
    store_ = GetParam().open(folder_, history);
    ASSERT_NE(store_, nullptr);
  }

  // Commits what must succeed; the new revision.
  std::uint64_t write(std::vector<Op> operations);
  std::vector<KeyValue> all(std::string_view prefix = "", std::uint64_t at = 0);
  std::string keys(std::string_view prefix = "", std::uint64_t at = 0);  // "a=1 b=2"

  Scratch folder_;
  std::unique_ptr<Store> store_;
};

// "3: put a=1, erase b" for each batch that the watch has, and where it stopped: "" or the error's code.
struct Heard {
  std::vector<std::string> batches;
  std::string end;
  bool operator==(const Heard&) const = default;
};
Heard hear(Watch& watch);
std::string text_of(const WatchBatch& batch);

}  // namespace fairlead::store::test
