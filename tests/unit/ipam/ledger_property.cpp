// SPDX-License-Identifier: Apache-2.0
// A pool of 65,536 addresses under 400,000 takes, rests and frees, against
// a plain set: never an address that is held, resting or reserved; the epoch
// of an address only rises; the ledger adds up.
#include <cstdio>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "ipam/leases.h"

namespace fairlead::ipam {
namespace {

struct Model {
  Leases leases;
  std::map<IpAddress, std::uint32_t> epochs;  // highest ever given
  std::vector<IpAddress> held;
  std::size_t resting = 0;
  std::uint64_t revision = 0;

  explicit Model(const char* pool) : leases({*control_block("pods4", Prefix::parse(pool).value(), false)}) {}

  void write(const Change& change) {
    const Record* old = leases.find(change.lease.address);
    ASSERT_EQ(change.expected, old == nullptr ? Revision(0) : old->revision);
    ASSERT_TRUE(leases.apply({change.lease, Revision(++revision)}));
  }

  void take() {
    Draft draft(leases);
    const auto change = draft.take("pods4", Purpose::pod, "u" + std::to_string(revision));
    const Counts counts = leases.ledgers()[0].counts();
    ASSERT_EQ(change.has_value(), counts.free > 0);
    if (!change) return;
    const Record* old = leases.find(change->lease.address);
    ASSERT_TRUE(old == nullptr || old->lease.state == LeaseState::free) << change->lease.address;
    ASSERT_GT(change->lease.epoch, epochs[change->lease.address]);
    epochs[change->lease.address] = change->lease.epoch;
    held.push_back(change->lease.address);
    write(*change);
  }

  void give_rest(std::size_t i) {
    std::swap(held[i], held.back());
    write(rest(*leases.find(held.back())));
    ++resting;
    held.pop_back();
  }

  void free_some(std::uint64_t acknowledged) {
    for (const Change& change : leases.free_rested(Revision(acknowledged), 64)) {
      ASSERT_EQ(leases.find(change.lease.address)->lease.state, LeaseState::resting);
      ASSERT_LE(change.expected, Revision(acknowledged));
      write(change);
      --resting;
    }
  }
};

void run(const char* pool, unsigned seed, int steps) {
  Model model(pool);
  std::mt19937 random(seed);
  for (int step = 0; step < steps && !::testing::Test::HasFatalFailure(); ++step) {
    const auto what = random() % 100;
    if (what < 52 || model.held.empty())
      model.take();
    else if (what < 97)
      model.give_rest(random() % model.held.size());
    else
      model.free_some(model.revision - std::min<std::uint64_t>(model.revision, random() % 50));
    if (step % 10'000 == 0) {
      ASSERT_TRUE(model.leases.check());
    }
  }
  ASSERT_TRUE(model.leases.check());
  const Counts counts = model.leases.ledgers()[0].counts();
  EXPECT_EQ(counts.held, model.held.size());
  EXPECT_EQ(counts.resting, model.resting);
}

TEST(LedgerProperty, SmallPoolsFullMostOfTheTime) {
  for (unsigned seed = 1; seed <= 50; ++seed) run("10.0.0.0/26", seed, 4'000);
  std::printf("ledger: 50 seeds x 4,000 steps in a pool of 64\n");
}

TEST(LedgerProperty, APoolOf65536) {
  for (unsigned seed = 1; seed <= 2; ++seed) run("10.0.0.0/16", seed, 100'000);
  std::printf("ledger: 2 seeds x 100,000 steps in a pool of 65,536\n");
}

}  // namespace
}  // namespace fairlead::ipam
