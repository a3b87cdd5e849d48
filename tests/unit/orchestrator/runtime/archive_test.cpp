// SPDX-License-Identifier: Apache-2.0
// Images in one file, as skopeo, podman and docker write them: used when all is
// right, refused by entry and reason when one thing is not.
#include "orchestrator/runtime/image/archive.h"

#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>

#include "base/io/file.h"
#include "orchestrator/runtime/image/image.h"
#include "tests/support/scratch.h"
#include "tests/unit/orchestrator/runtime/tar.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

std::string layer_of(bool gzip) { return Tar(gzip).folder("bin").file("bin/tool", "content").finish(); }

std::string config_of(const Digest& diff_id) {
  return R"({"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[")" + format(diff_id) + R"("]}})";
}

std::string blob(const Digest& digest) { return "blobs/sha256/" + digest.hex; }

class ArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(top_ / "images");
    paths_ = NodePaths::make("c1", "n1", top_ / "state", top_ / "run", top_ / "images");
    ASSERT_TRUE(make_folders(paths_));
  }

  Result<Image> prepare(const std::string& reference, const std::string& bytes) {
    EXPECT_TRUE(write_file_atomic(top_ / "images/web.tar", bytes));
    return prepare_image(paths_, reference);
  }
  std::string tool() const {
    return read_file(paths_.layers() / diff_id_.hex / "bin/tool").value_or("not unpacked");
  }
  // A layout's files, and whatever else stands before them.
  std::string oci(const std::function<void(Tar&)>& more = {}) {
    const std::string layer = layer_of(true), config = config_of(diff_id_);
    const auto descriptor = [](const std::string& type, const std::string& bytes) {
      return R"({"mediaType":"application/vnd.oci.image.)" + type + R"(","digest":")" +
             format(sha256(bytes)) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    };
    const std::string manifest = R"({"schemaVersion":2,"config":)" + descriptor("config.v1+json", config) +
                                 R"(,"layers":[)" + descriptor("layer.v1.tar+gzip", layer) + "]}";
    Tar tar;
    if (more) more(tar);
    return tar.folder("blobs")
        .folder("blobs/sha256")
        .file("./oci-layout", R"({"imageLayoutVersion":"1.0.0"})")
        .file(blob(sha256(layer)), layer)
        .file(blob(sha256(config)), config)
        .file(blob(sha256(manifest)), manifest)
        .file("index.json",
              R"({"schemaVersion":2,"manifests":[)" + descriptor("manifest.v1+json", manifest) + "]}")
        .finish();
  }
  std::string docker(const std::string& layer, const std::string& name, const std::string& config,
                     const std::string& config_name) {
    return Tar()
        .file(config_name, config)
        .file(name, layer)
        .symlink("old/layer.tar", "../" + name)
        .file("manifest.json", R"([{"Config":")" + config_name +
                                   R"(","RepoTags":["shop/web:v1"],"Layers":[")" + name + R"("]}])")
        .finish();
  }

  Scratch scratch_{Scratch::Place::disk};
  fs::path top_ = scratch_.path();
  NodePaths paths_;
  Digest diff_id_ = sha256(layer_of(false));
};

TEST_F(ArchiveTest, OfALayoutIsUsedInPlace) {
  const auto image = prepare("oci-archive:web.tar", oci());
  ASSERT_TRUE(image) << format(image.error());
  EXPECT_EQ(tool(), "content");
  EXPECT_EQ(prepare("oci-archive:web.tar:v9", oci()).error().code, Code::not_found);
  EXPECT_EQ(prepare_image(paths_, "oci-archive:none.tar").error().code, Code::not_found);
}

TEST_F(ArchiveTest, OfDockerIsUsedWithPlainAndWithCompressedLayers) {
  const std::string config = config_of(diff_id_), config_name = sha256(config).hex + ".json";
  const std::string plain = layer_of(false), packed = layer_of(true);
  // As old docker, skopeo and new docker call their files.
  for (const auto& [layer, name] : {std::pair{plain, std::string("0a/layer.tar")},
                                    {plain, diff_id_.hex + ".tar"},
                                    {packed, blob(sha256(packed))}}) {
    fs::remove_all(paths_.layers() / diff_id_.hex);
    const auto image = prepare("docker-archive:web.tar:v1", docker(layer, name, config, config_name));
    ASSERT_TRUE(image) << name << ": " << format(image.error());
    EXPECT_EQ(tool(), "content") << name;
    EXPECT_EQ(image->manifest, sha256(config));
  }
  const std::string whole = docker(plain, "0a/layer.tar", config, config_name);
  EXPECT_TRUE(prepare("docker-archive:web.tar", whole)) << "the only image needs no tag";
  EXPECT_EQ(prepare("docker-archive:web.tar:v2", whole).error().code, Code::not_found);
  EXPECT_FALSE(prepare("oci-archive:web.tar", whole));
}

TEST_F(ArchiveTest, OfDockerIsVerifiedLikeALayout) {
  const std::string config = config_of(diff_id_), config_name = sha256(config).hex + ".json";
  const std::string other = Tar().file("bin/tool", "evil").finish();
  EXPECT_EQ(
      prepare("docker-archive:web.tar", docker(other, "0a/layer.tar", config, config_name)).error().code,
      Code::corrupt);
  EXPECT_EQ(
      prepare("docker-archive:web.tar", docker(layer_of(true), diff_id_.hex + ".tar", config, config_name))
          .error()
          .code,
      Code::corrupt);
  EXPECT_EQ(
      prepare("docker-archive:web.tar", docker(layer_of(false), "0a/layer.tar", config + " ", config_name))
          .error()
          .code,
      Code::corrupt);
  const auto link =
      prepare("docker-archive:web.tar",
              Tar()
                  .file(config_name, config)
                  .symlink("layer.tar", "other.tar")
                  .file("manifest.json", R"([{"Config":")" + config_name + R"(","Layers":["layer.tar"]}])")
                  .finish());
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().reason, "is a link");
  EXPECT_TRUE(link.error().object.contains("layer.tar")) << format(link.error());
  EXPECT_EQ(tool(), "not unpacked");
}

TEST_F(ArchiveTest, WithAHostileEntryIsRefusedByNameAndReason) {
  struct Case {
    const char* entry;
    const char* reason;
    std::function<void(Tar&)> add;
  };
  const std::vector<Case> cases{
      {"../evil", "\"..\"", [](Tar& t) { t.file("../evil", "x"); }},
      {"blobs/../../evil", "\"..\"", [](Tar& t) { t.file("blobs/../../evil", "x"); }},
      {"/etc/passwd", "absolute", [](Tar& t) { t.file("/etc/passwd", "x"); }},
      {"null", "device", [](Tar& t) { t.special("null", AE_IFCHR); }},
      {"pipe", "device, fifo or socket", [](Tar& t) { t.special("pipe", AE_IFIFO); }},
      {"index.json", "twice", [](Tar& t) { t.file("index.json", "{}"); }},
      {"holes", "sparse", [](Tar& t) { t.sparse("holes", std::int64_t{1} << 40); }},
  };
  for (const Case& c : cases) {
    const auto image = prepare("oci-archive:web.tar", oci(c.add));
    ASSERT_FALSE(image) << c.entry;
    const std::string said = format(image.error());
    EXPECT_TRUE(said.contains(c.entry) && said.contains(c.reason) && said.contains("web.tar")) << said;
  }
  EXPECT_EQ(tool(), "not unpacked");
}

TEST_F(ArchiveTest, CutAnywhereOrCompressedAsAWholeIsAnError) {
  const std::string whole = oci();
  std::size_t cuts = 0;
  for (std::size_t size = 0; size + 1024 < whole.size(); size += 97, ++cuts)
    EXPECT_FALSE(prepare("oci-archive:web.tar", whole.substr(0, size))) << size;
  std::printf("archives cut short: %zu\n", cuts);
  const auto packed = prepare("oci-archive:web.tar", Tar(true).file("index.json", "{}").finish());
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().code, Code::unsupported);
  fs::create_symlink("/etc/passwd", top_ / "images/link.tar");
  EXPECT_FALSE(prepare_image(paths_, "oci-archive:link.tar"));
  fs::create_directory(top_ / "images/folder.tar");
  EXPECT_FALSE(prepare_image(paths_, "oci-archive:folder.tar"));
}

}  // namespace
}  // namespace fairlead::runtime
