// SPDX-License-Identifier: Apache-2.0
// Whole layouts, right and damaged in one place each: only the right one is used.
#include "orchestrator/runtime/image/image.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

#include "base/io/file.h"
#include "tests/support/scratch.h"
#include "tests/unit/orchestrator/runtime/tar.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

class ImageTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(layout() / "blobs/sha256");
    paths_ = NodePaths::make("c1", "n1", top_ / "state", top_ / "run", top_ / "images");
    ASSERT_TRUE(make_folders(paths_));
    write("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    layer_ = Tar(true).folder("bin").file("bin/tool", "content").finish();
    diff_id_ = sha256(Tar().folder("bin").file("bin/tool", "content").finish());
  }

  fs::path layout() const { return top_ / "images/web"; }
  void write(const fs::path& name, const std::string& bytes) {
    ASSERT_TRUE(write_file_atomic(layout() / name, bytes));
  }
  // Stores a blob; gives its descriptor.
  std::string blob(const std::string& type, const std::string& bytes) {
    const Digest digest = sha256(bytes);
    write("blobs/sha256/" + digest.hex, bytes);
    return R"({"mediaType":"application/vnd.oci.image.)" + type + R"(","digest":")" + format(digest) +
           R"(","size":)" + std::to_string(bytes.size()) + "}";
  }
  void publish() {
    const std::string config =
        blob("config.v1+json", R"({"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[")" +
                                   format(diff_id_) + R"("]}})");
    const std::string manifest =
        blob("manifest.v1+json", R"({"schemaVersion":2,"config":)" + config + R"(,"layers":[)" +
                                     blob("layer.v1.tar+gzip", layer_) + "]}");
    write("index.json", R"({"schemaVersion":2,"manifests":[)" + manifest + "]}");
  }
  // Nothing that a pod could use, and nothing that fills the disk.
  bool left_nothing() const {
    return std::ranges::none_of(fs::directory_iterator(paths_.layers()),
                                [](const fs::directory_entry& entry) {
                                  return !entry.path().filename().string().starts_with(".lock-");
                                });
  }

  Scratch scratch_{Scratch::Place::disk};
  fs::path top_ = scratch_.path();
  NodePaths paths_;
  std::string layer_;
  Digest diff_id_;
};

TEST_F(ImageTest, IsUnpackedOnceAndKept) {
  publish();
  ASSERT_TRUE(prepare_image(paths_, "oci:web"));
  const fs::path tool = paths_.layers() / diff_id_.hex / "bin/tool";
  EXPECT_EQ(*read_file(tool), "content");
  fs::remove(layout() / "blobs/sha256" / sha256(layer_).hex);
  EXPECT_TRUE(prepare_image(paths_, "oci:web")) << "the layer is there: its blob is not needed again";
}

TEST_F(ImageTest, RefusesALayerThatIsNotWhatItsDigestSays) {
  publish();
  std::string damaged = layer_;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  write("blobs/sha256/" + sha256(layer_).hex, damaged);
  const auto image = prepare_image(paths_, "oci:web");
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, Code::corrupt);
  EXPECT_TRUE(image.error().object.contains(sha256(layer_).hex)) << format(image.error());
  write("blobs/sha256/" + sha256(layer_).hex, layer_ + "more");
  EXPECT_EQ(prepare_image(paths_, "oci:web").error().code, Code::corrupt);
  write("blobs/sha256/" + sha256(layer_).hex, layer_.substr(0, layer_.size() - 1));
  EXPECT_EQ(prepare_image(paths_, "oci:web").error().code, Code::corrupt);
  EXPECT_TRUE(left_nothing());
}

TEST_F(ImageTest, RefusesALayerThatUnpacksToSomethingElse) {
  diff_id_ = sha256("another");
  publish();
  const auto image = prepare_image(paths_, "oci:web");
  ASSERT_FALSE(image);
  EXPECT_TRUE(image.error().reason.contains("diff id")) << format(image.error());
  EXPECT_TRUE(left_nothing());
}

TEST_F(ImageTest, RefusesDamagedDocuments) {
  publish();
  for (const auto& entry : fs::directory_iterator(layout() / "blobs/sha256")) {
    const std::string good = read_file(entry.path()).value();
    if (!good.starts_with("{")) continue;
    write(entry.path(), good + " ");
    EXPECT_EQ(prepare_image(paths_, "oci:web").error().code, Code::corrupt);
    write(entry.path(), good);
  }
  EXPECT_TRUE(prepare_image(paths_, "oci:web"));
}

TEST_F(ImageTest, NeverReadsOutsideTheImagesFolder) {
  publish();
  fs::rename(layout(), top_ / "elsewhere");
  fs::create_symlink(top_ / "elsewhere", layout());
  EXPECT_FALSE(prepare_image(paths_, "oci:web"));
  EXPECT_EQ(prepare_image(paths_, "oci:none").error().code, Code::not_found);
}

TEST_F(ImageTest, SweepsWhatACrashLeft) {
  publish();
  fs::create_directories(paths_.layers() / (".tmp-" + diff_id_.hex) / "bin");
  ASSERT_TRUE(prepare_image(paths_, "oci:web")) << "a crashed unpack is begun anew";
  fs::create_directories(paths_.layers() / ".tmp-old/bin");
  ASSERT_TRUE(sweep_layers(paths_));
  EXPECT_FALSE(fs::exists(paths_.layers() / ".tmp-old"));
  EXPECT_TRUE(fs::exists(paths_.layers() / diff_id_.hex));
}

}  // namespace
}  // namespace fairlead::runtime
