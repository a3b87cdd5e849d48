// SPDX-License-Identifier: Apache-2.0
// Concurrent clients of the store, recorded over power cuts and restarts: one
// copy of the data could have answered them so (tests/support/linearizable.h).
// Two planted faults, an answer before the fsync and a stale read, are caught.
#include "tests/support/linearizable.h"

#include <array>
#include <cstdio>
#include <optional>
#include <random>

#include "control/store/sqlite_store.h"
#include "tests/support/counts.h"
#include "tests/unit/control/store/backends.h"
#include "tests/unit/control/store/power_vfs.h"

namespace fairlead::store::test {
namespace {

using Type = Operation::Type;

TEST(Linearizable, TheCheckerKnowsRightFromWrong) {
  const auto write = [](const char* value, std::uint64_t from, std::uint64_t to) {
    return Operation{Type::write, "x", value, "", false, from, to};
  };
  const auto read = [](const char* value, std::uint64_t from, std::uint64_t to) {
    return Operation{Type::read, "x", value, "", false, from, to};
  };
  const auto swap = [](const char* expected, const char* value, bool done, std::uint64_t from,
                       std::uint64_t to) {
    return Operation{Type::swap, "x", value, expected, done, from, to};
  };
  constexpr std::uint64_t kLost = Operation::kNever;
  EXPECT_FALSE(find_violation({write("1", 1, 2), read("1", 3, 4)}));
  EXPECT_FALSE(find_violation({write("1", 1, 5), read("", 2, 3), read("1", 4, 6)}))
      << "while it is under way";
  EXPECT_FALSE(find_violation({write("1", 1, kLost), read("", 2, 3), read("1", 4, 5)}))
      << "later, unanswered";
  EXPECT_FALSE(find_violation({swap("", "1", true, 1, 4), swap("", "2", false, 2, 3)}));
  EXPECT_TRUE(find_violation({write("1", 1, 2), read("", 3, 4)})) << "a stale read";
  EXPECT_TRUE(find_violation({write("1", 1, 9), read("1", 2, 3), read("", 4, 5)})) << "back in time";
  EXPECT_TRUE(find_violation({swap("", "1", true, 1, 4), swap("", "2", true, 2, 3)})) << "both swapped";
  EXPECT_TRUE(find_violation({write("1", 1, 2), write("2", 3, 4), read("1", 5, 6)})) << "a lost write";
  EXPECT_TRUE(find_violation({write("1", 1, kLost), read("1", 2, 3), read("", 4, 5)}))
      << "once seen, it stays";
}

enum class Plant : std::uint8_t { nothing, answer_before_fsync, stale_read };

// Clients with one operation under way each, on three keys, driven by one seed.
class Clients {
 public:
  Clients(std::uint64_t seed, Plant plant) : random_(seed), plant_(plant) {}

  void run(Store& store, const Power& power, int operations) {
    while (operations > 0 && !power.is_off()) {
      const std::size_t client = random_() % busy_.size();
      if (random_() % 3 == 0) store.deliver();
      if (busy_.at(client)) continue;
      --operations;
      begin(store, client);
    }
    while (!power.is_off() && store.stats().queued > 0) store.deliver();
    store.deliver();
    busy_.fill(false);  // who has not been answered by now never is
  }
  const std::vector<Operation>& history() const { return history_; }

 private:
  void begin(Store& store, std::size_t client) {
    Operation operation;
    operation.type = static_cast<Type>(random_() % 3);
    operation.key = std::string(1, static_cast<char>('x' + random_() % 3));
    operation.called = ++clock_;
    operation.value = std::to_string(history_.size());
    if (operation.type == Type::read) return read(store, std::move(operation));
    operation.expected = last_[operation.key];
    const bool swaps = operation.type == Type::swap && !operation.expected.empty();
    if (!swaps) operation.type = Type::write;
    const std::size_t place = history_.size();
    history_.push_back(operation);
    busy_.at(client) = true;
    if (plant_ == Plant::answer_before_fsync && !swaps) history_[place].answered = ++clock_;
    const std::vector<Compare> compares =
        swaps ? std::vector{value_is(operation.key, operation.expected)} : std::vector<Compare>{};
    (void)store.submit({compares, {put(operation.key, operation.value)}, {}},
                       [this, place, client](const Result<TxnOutcome>& outcome) {
                         busy_.at(client) = false;
                         if (!outcome || plant_ == Plant::answer_before_fsync) return;
                         history_[place].answered = ++clock_;
                         history_[place].swapped = outcome->succeeded;
                       });
  }

  void read(Store& store, Operation operation) {
    const std::uint64_t back = plant_ == Plant::stale_read && store.revision().value > 3 ? 3 : 0;
    const Revision at{back == 0 ? 0 : store.revision().value - back};
    const auto found = get(store, operation.key, at);
    if (!found) return;
    operation.value = *found ? (*found)->value : "";
    operation.answered = ++clock_;
    last_[operation.key] = operation.value;
    history_.push_back(std::move(operation));
  }

  std::mt19937_64 random_;
  Plant plant_;
  std::uint64_t clock_ = 0;
  std::array<bool, 4> busy_{};
  std::map<std::string, std::string> last_;  // what was read last: what a swap expects
  std::vector<Operation> history_;
};

class History : public testing::Test {
 protected:
  // Three lives of a store, each ended by a power cut.
  std::vector<Operation> record(std::uint64_t seed, Plant plant) {
    folder_.clear();
    Power power;
    Clients clients(seed, plant);
    for (std::uint64_t life = 0; life < 3; ++life) {
      power.cut_after(20 + (seed * 31 + life * 17) % 120);
      {
        const auto store = open_sqlite_store(file_, {}, 0);
        if (store) clients.run(**store, power, 25);
      }
      power.lose(seed + life);
      const bool lossy = plant == Plant::answer_before_fsync;
      if (lossy) std::filesystem::remove(folder_ / "store.db-mark");
    }
    const auto store = open_sqlite_store(file_, {}, 0);
    EXPECT_TRUE(store) << format(store.error());
    if (store) clients.run(**store, power, 20);
    return clients.history();
  }
  Scratch folder_;
  std::filesystem::path file_ = folder_ / "store.db";
};

TEST_F(History, ClientsOverPowerCutsSeeOneCopy) {
  const std::uint64_t seeds = counted<std::uint64_t>(15, 5000);
  std::size_t operations = 0, unanswered = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const auto history = record(seed, Plant::nothing);
    const auto violation = find_violation(history);
    ASSERT_FALSE(violation) << "seed " << seed << ": " << *violation;
    operations += history.size();
    for (const Operation& one : history) unanswered += one.answered == Operation::kNever ? 1 : 0;
  }
  std::printf("%llu histories over 3 power cuts each: %zu operations, %zu unanswered, all linearizable\n",
              static_cast<unsigned long long>(seeds), operations, unanswered);
  EXPECT_GT(unanswered, 0U);
}

TEST_F(History, APlantedFaultIsCaught) {
  for (const Plant plant : {Plant::answer_before_fsync, Plant::stale_read}) {
    int caught = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) caught += find_violation(record(seed, plant)) ? 1 : 0;
    std::printf("planted fault %d: caught in %d of 8 histories\n", static_cast<int>(plant), caught);
    EXPECT_GT(caught, 0);
  }
}

}  // namespace
}  // namespace fairlead::store::test
