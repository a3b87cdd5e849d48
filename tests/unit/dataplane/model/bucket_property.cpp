// SPDX-License-Identifier: Apache-2.0
// A bucket of the edge's flow table is searched in two ways, word by word for BPF and all words at once
// elsewhere (dataplane/fwd/edge/flow/find.h): both find what a loop finds. An empty place is found so, too.
#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>
#include <random>

#include "dataplane/fwd/edge/flow/find.h"

namespace fairlead::model {
namespace {

std::uint64_t first_of(const fwd_edge_bucket& bucket, std::uint32_t tag) {
  for (std::uint64_t i = 0; i < FWD_BUCKET_FLOWS; ++i)
    if (fwd_word_tag(bucket.flow[i]) == tag) return i + 1;
  return 0;
}

// Few tags, so that they are often there, and often twice; the extremes among them.
TEST(EdgeBucket, BothSearchesFindTheFirstWordOfATag) {
  constexpr std::uint32_t kTags[] = {0, 1, 0x7fffffffU, 0x80000000U, 0xfffffffeU, 0xffffffffU};
  std::mt19937_64 random(1);
  for (int turn = 0; turn < 100000; ++turn) {
    alignas(64) fwd_edge_bucket bucket;
    for (__u64& word : bucket.flow)
      word = std::uint64_t{kTags[random() % std::size(kTags)]} << 32 | (random() & 0xffffffffU);
    for (const std::uint32_t tag : kTags) {
      ASSERT_EQ(fwd_bucket_find_by_words(&bucket, tag), first_of(bucket, tag)) << turn;
      ASSERT_EQ(fwd_bucket_find(&bucket, tag), first_of(bucket, tag)) << turn;
    }
  }
}

// Flows whose tag is that of an empty place are among them.
TEST(EdgeBucket, AFlowTakesNoPlaceButAnEmptyOne) {
  constexpr std::uint64_t kNew = std::uint64_t{7} << 32 | 9U << 16;
  std::mt19937_64 random(2);
  int filled = 0, refused = 0;
  for (int turn = 0; turn < 100000; ++turn) {
    alignas(64) fwd_edge_bucket bucket;
    for (__u64& word : bucket.flow) {
      const std::uint64_t server = random() % 4 == 0 ? 0 : 5;
      word = server == 0 ? 0 : (random() % 16 == 0 ? 0 : random() << 32) | server << 16 | (random() & 3U);
    }
    const fwd_edge_bucket before = bucket;
    const bool took = fwd_bucket_fill(&bucket, kNew) != 0;
    (took ? filled : refused) += 1;
    for (std::size_t i = 0; i < FWD_BUCKET_FLOWS; ++i) {
      if (bucket.flow[i] == before.flow[i]) continue;
      ASSERT_TRUE(took && before.flow[i] == 0 && bucket.flow[i] == kNew) << turn;
    }
    const auto taken = [](const fwd_edge_bucket& of) {
      return FWD_BUCKET_FLOWS - std::count(std::begin(of.flow), std::end(of.flow), std::uint64_t{0});
    };
    ASSERT_EQ(taken(bucket), taken(before) + (took ? 1 : 0)) << turn;
  }
  EXPECT_GT(filled, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace fairlead::model
