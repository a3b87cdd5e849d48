// SPDX-License-Identifier: Apache-2.0
// Random transactions, compactions and (for durable backends) restarts against
// a naive model: a whole std::map kept for every revision. Outcomes, reads at
// every kept revision and what watches heard must agree.
#include <algorithm>
#include <cstdio>
#include <map>
#include <random>

#include "tests/unit/control/store/backends.h"

namespace fairlead::store::test {
namespace {

struct Cell {
  std::string value;
  std::uint64_t created = 0;
  std::uint64_t modified = 0;
};
using State = std::map<std::string, Cell>;

class Model {
 public:
  TxnOutcome commit(const Txn& txn) {
    const bool succeeded = std::ranges::all_of(txn.compares, [&](const Compare& c) { return holds(c); });
    State next = states_.back();
    std::vector<std::string> events;
    for (const auto& op : succeeded ? txn.then : txn.otherwise) write(op, next, events);
    const bool wrote = !events.empty();
    if (wrote) {
      states_.push_back(std::move(next));
      events_.push_back(std::move(events));
    }
    return {succeeded, wrote, Revision{newest()}};
  }

  std::uint64_t newest() const { return states_.size() - 1; }
  const State& at(std::uint64_t revision) const { return states_.at(revision); }

  // "7: put k1=x erase k2", only what is under the prefix; empty when nothing is.
  std::string heard(std::uint64_t revision, const std::string& prefix) const {
    std::string text;
    for (const auto& event : events_.at(revision - 1))
      if (event.substr(event.find(' ') + 1).starts_with(prefix)) text += " " + event;
    return text.empty() ? text : std::to_string(revision) + ":" + text;
  }

 private:
  bool holds(const Compare& compare) const {
    const auto it = states_.back().find(compare.key);
    const bool present = it != states_.back().end();
    const Cell cell = present ? it->second : Cell{};
    switch (compare.test) {
      case Compare::Test::absent:
        return !present;
      case Compare::Test::present:
        return present;
      case Compare::Test::value:
        return present && cell.value == compare.value;
      case Compare::Test::mod_revision:
        return cell.modified == compare.revision.value;
      case Compare::Test::create_revision:
        return cell.created == compare.revision.value;
    }
    return false;
  }

  void write(const Op& op, State& next, std::vector<std::string>& events) const {
    if (op.type == Op::Type::erase) {
      if (next.erase(op.key) > 0) events.push_back("erase " + op.key);
      return;
    }
    Cell& cell = next[op.key];
    cell.value = op.value;
    cell.modified = states_.size();
    if (cell.created == 0) cell.created = cell.modified;
    events.push_back("put " + op.key + "=" + op.value);
  }

  std::vector<State> states_{State{}};
  std::vector<std::vector<std::string>> events_;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::string key() { return (below(2) == 0 ? "a/" : "b/") + std::to_string(below(8)); }

  Op op() { return below(3) == 0 ? erase(key()) : put(key(), std::to_string(below(4))); }

  std::vector<Op> operations() {
    std::vector<Op> list;
    for (std::uint64_t left = below(4); left > 0; --left) {
      Op next = op();
      const bool named = std::ranges::any_of(list, [&](const Op& other) { return other.key == next.key; });
      if (!named) list.push_back(std::move(next));
    }
    return list;
  }

  Compare compare(std::uint64_t newest) {
    const Revision revision{newest - std::min<std::uint64_t>(newest, below(8))};
    switch (below(5)) {
      case 0:
        return is_absent(key());
      case 1:
        return is_present(key());
      case 2:
        return value_is(key(), std::to_string(below(4)));
      case 3:
        return mod_revision_is(key(), below(4) == 0 ? Revision{} : revision);
      default:
        return create_revision_is(key(), below(4) == 0 ? Revision{} : revision);
    }
  }

  Txn txn(std::uint64_t newest) {
    Txn txn;
    for (std::uint64_t left = below(3); left > 0; --left) txn.compares.push_back(compare(newest));
    txn.then = operations();
    txn.otherwise = operations();
    return txn;
  }

 private:
  std::mt19937_64 random_;
};

class ModelProperty : public ContractTest {
 protected:
  void check_reads(std::uint64_t revision) {
    std::string expected;
    for (const auto& [key, cell] : model_.at(revision))
      expected += key + "=" + cell.value + "@" + std::to_string(cell.created) + "," +
                  std::to_string(cell.modified) + " ";
    std::string found;
    for (const auto& item : all("", revision))
      found += item.key + "=" + item.value + "@" + std::to_string(item.create_revision.value) + "," +
               std::to_string(item.mod_revision.value) + " ";
    ASSERT_EQ(found, expected) << "at revision " << revision;
    ++reads_;
  }

  void check_watch(std::uint64_t after, const std::string& prefix) {
    std::vector<std::string> expected;
    for (std::uint64_t revision = after + 1; revision <= model_.newest(); ++revision)
      if (auto text = model_.heard(revision, prefix); !text.empty()) expected.push_back(std::move(text));
    auto opened = store_->watch(prefix, Revision{after}, {});
    ASSERT_TRUE(opened) << format(opened.error());
    ASSERT_EQ(hear(**opened), (Heard{expected, ""})) << "after " << after << " under '" << prefix << "'";
    ++watches_;
  }

  std::uint64_t kept(Dice& dice) {
    const std::uint64_t oldest = std::max<std::uint64_t>(1, store_->stats().compacted.value);
    return oldest + dice.below(model_.newest() - oldest + 1);
  }

  void step(Dice& dice) {
    const Txn txn = dice.txn(model_.newest());
    const auto outcome = store_->commit(txn);
    ASSERT_TRUE(outcome) << format(outcome.error());
    ASSERT_EQ(*outcome, model_.commit(txn));
    ++transactions_;
    if (model_.newest() == 0) return;
    if (dice.below(8) == 0) check_reads(kept(dice));
    if (dice.below(8) == 0) check_watch(kept(dice), dice.below(2) == 0 ? "" : "a/");
    if (dice.below(60) == 0) {
      ASSERT_TRUE(store_->compact(Revision{kept(dice)}));
    }
    if (GetParam().durable && dice.below(80) == 0) open(kHistory);
  }

  static constexpr History kHistory{.revisions = 40, .bytes = 1U << 20};
  Model model_;
  std::size_t transactions_ = 0;
  std::size_t reads_ = 0;
  std::size_t watches_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Backends, ModelProperty, testing::ValuesIn(backends()), backend_name);

TEST_P(ModelProperty, AgreesWithANaiveMap) {
  const std::uint64_t seeds = GetParam().durable ? 2 : 40;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    model_ = Model();
    store_.reset();
    folder_.clear();
    open(kHistory);
    for (int i = 0; i < 1000; ++i) ASSERT_NO_FATAL_FAILURE(step(dice));
  }
  std::printf("%s: %zu transactions, %zu reads at a revision, %zu watches agree\n", GetParam().name.c_str(),
              transactions_, reads_, watches_);
}

}  // namespace
}  // namespace fairlead::store::test
