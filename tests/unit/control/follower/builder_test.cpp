// SPDX-License-Identifier: Apache-2.0
// Snapshots built from a stream.
#include <gtest/gtest.h>

#include "control/follower/snapshot_builder.h"

namespace fairlead::follower {
namespace {

using proto::WatchEvent;
using Type = WatchEvent::Type;

Pod pod_named(const std::string& name) {
  Pod pod;
  pod.meta.name = name;
  pod.meta.ns = "default";
  pod.meta.uid = "uid-" + name;
  pod.node = "n1";
  pod.ipv4 = *IpAddress::parse("10.244.0.7");
  pod.status.restarts = 3;
  pod.status.why = "it failed";
  pod.status.exit_code = 9;
  return pod;
}

TEST(SnapshotBuilder, IsNotWholeBeforeItIsSynced) {
  SnapshotBuilder builder;
  builder.begin(7);
  builder.apply({Type::put, Revision{7}, Object{pod_named("a")}});
  EXPECT_FALSE(builder.synced());
  builder.apply({Type::synced, Revision{7}, {}});
  ASSERT_TRUE(builder.changed());
  const auto whole = builder.take();
  EXPECT_EQ(whole->pods.size(), 1U);
  EXPECT_EQ(whole->revision, Revision{7});
  EXPECT_FALSE(builder.changed());
}

TEST(SnapshotBuilder, FollowsPutsAndRemovalsAndKeepsWhatItGave) {
  SnapshotBuilder builder;
  builder.begin(7);
  builder.apply({Type::synced, Revision{1}, {}});
  builder.apply({Type::put, Revision{2}, Object{pod_named("a")}});
  builder.apply({Type::bookmark, Revision{3}, {}});
  const auto with = builder.take();
  builder.apply({Type::remove, Revision{4}, Object{pod_named("a")}});
  EXPECT_TRUE(builder.take()->pods.empty());
  EXPECT_EQ(with->pods.size(), 1U);
  EXPECT_EQ(with->revision, Revision{3});
}

TEST(SnapshotBuilder, ANewStreamForgetsWhatTheOldOneSaid) {
  SnapshotBuilder builder;
  builder.begin(7);
  builder.apply({Type::put, Revision{2}, Object{pod_named("a")}});
  builder.apply({Type::synced, Revision{2}, {}});
  builder.begin(7);
  EXPECT_FALSE(builder.synced());
  builder.apply({Type::synced, Revision{1}, {}});
  EXPECT_TRUE(builder.take()->pods.empty());
}

}  // namespace
}  // namespace fairlead::follower
