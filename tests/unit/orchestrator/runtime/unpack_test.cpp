// SPDX-License-Identifier: Apache-2.0
// Layers made in memory, honest and hostile, against a folder of the test's own.
#include "orchestrator/runtime/layer/unpack.h"

#include <clocale>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/io/fd.h"
#include "base/io/file.h"
#include "orchestrator/runtime/layer/tree.h"
#include "tests/support/scratch.h"
#include "tests/unit/orchestrator/runtime/tar.h"

namespace fairlead::runtime {
namespace {

namespace fs = std::filesystem;

class Unpack : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(top_ / "layer");
    EXPECT_TRUE(write_file_atomic(top_ / "victim", "untouched"));
  }
  void TearDown() override {
    EXPECT_EQ(*read_file(top_ / "victim"), "untouched");
    EXPECT_EQ(std::distance(fs::directory_iterator(top_), fs::directory_iterator()), 2)
        << "something left the folder";
  }
  Result<Digest> unpack(const std::string& blob, bool gzip = false, const LayerLimits& limits = {}) {
    const Fd folder(::open((top_ / "layer").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::string_view rest = blob;
    const ReadBlob read = [&]() -> Result<std::string_view> {
      const std::string_view chunk = rest.substr(0, 1000);
      rest.remove_prefix(chunk.size());
      return chunk;
    };
    return unpack_layer(read, gzip, folder.get(), limits);
  }
  std::string refusal(const std::string& blob, const LayerLimits& limits = {}) {
    const auto result = unpack(blob, false, limits);
    return result ? "taken" : format(result.error());
  }
  fs::path at(const std::string& name) const { return top_ / "layer" / name; }

  Scratch scratch_{Scratch::Place::disk};
  fs::path top_ = scratch_.path();
};

TEST_F(Unpack, KeepsContentModesTimesAndLinks) {
  Tar tar;
  tar.folder("./").folder("./bin").file("./bin/tool", "#!", 04755).symlink("./bin/sh", "/bin/tool");
  tar.hard_link("./bin/copy", "./bin/tool").file("deep/er/file", "x");
  const auto digest = unpack(tar.finish());
  ASSERT_TRUE(digest) << format(digest.error());
  struct stat found{};
  ASSERT_EQ(::stat(at("bin/tool").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 04755U);
  EXPECT_EQ(found.st_nlink, 2U);
  EXPECT_EQ(found.st_mtim.tv_sec, 1'000'000);
  ASSERT_EQ(::stat(at("bin").c_str(), &found), 0);
  EXPECT_EQ(found.st_mtim.tv_sec, 1'000'000) << "its content came later";
  EXPECT_EQ(fs::read_symlink(at("bin/sh")), "/bin/tool");
  EXPECT_EQ(*read_file(at("deep/er/file")), "x");
}

TEST_F(Unpack, KeepsUtf8NamesInAnyLocale) {
  const locale_t utf8 =
      ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);  // the writer needs it, unpacking must not
  const locale_t before = ::uselocale(utf8);
  const std::string blob = Tar().file("naïve/ü", "utf8").symlink("ß", "naïve").finish();
  ::uselocale(before);
  ::freelocale(utf8);
  const auto digest = unpack(blob);
  ASSERT_TRUE(digest) << format(digest.error());
  EXPECT_EQ(*read_file(at("naïve/ü")), "utf8");
  EXPECT_EQ(fs::read_symlink(at("ß")), "naïve");
}

TEST_F(Unpack, GivesTheDigestOfTheUncompressedTar) {
  const auto fill = [](Tar& tar) { return tar.file("a", std::string(100'000, 'x')).finish(); };
  Tar plain, packed(true);
  const std::string bytes = fill(plain);
  const std::string blob = fill(packed);
  ASSERT_LT(blob.size(), bytes.size());
  EXPECT_EQ(*unpack(bytes), sha256(bytes));
  EXPECT_EQ(*unpack(blob, true), sha256(bytes));
  const std::string longer = bytes + std::string(512, '\0');
  EXPECT_EQ(*unpack(longer), sha256(longer)) << "what follows the end belongs to it";
}

TEST_F(Unpack, WhiteoutsBecomeOverlayDevices) {
  Tar tar;
  tar.folder("etc").file("etc/.wh.passwd", "").file(".wh.gone", "");
  ASSERT_TRUE(unpack(tar.finish()));
  for (const char* name : {"etc/passwd", "gone"}) {
    struct stat found{};
    ASSERT_EQ(::lstat(at(name).c_str(), &found), 0);
    EXPECT_TRUE(S_ISCHR(found.st_mode));
    EXPECT_EQ(found.st_rdev, makedev(0, 0));
  }
  EXPECT_FALSE(fs::exists(at("etc/.wh.passwd")));
}

TEST_F(Unpack, OpaqueFoldersCarryTheAttribute) {
  if (::geteuid() != 0) GTEST_SKIP() << "trusted attributes need root";
  Tar tar;
  tar.folder("var").file("var/.wh..wh..opq", "").file("var/new", "x");
  ASSERT_TRUE(unpack(tar.finish()));
  char value[4] = {};
  EXPECT_EQ(::getxattr(at("var").c_str(), "trusted.overlay.opaque", value, sizeof value), 1);
  EXPECT_EQ(value[0], 'y');
  EXPECT_TRUE(fs::exists(at("var/new")));
}

TEST_F(Unpack, RefusesNamesThatLeaveTheFolder) {
  for (const char* name : {"../victim", "a/../../victim", "/victim", "..", "a/..", "../../etc/x"})
    EXPECT_TRUE(refusal(Tar().file(name, "evil").finish()).contains(name)) << name;
  for (const char* name : {".wh...", ".wh..", ".wh.", "../.wh.victim", ".wh..wh.plnk"})
    EXPECT_NE(refusal(Tar().file(name, "").finish()), "taken") << name;
}

TEST_F(Unpack, NeverWritesThroughALink) {
  const std::string outside = top_.string();
  EXPECT_NE(refusal(Tar().symlink("door", outside).file("door/victim", "evil").finish()), "taken");
  EXPECT_NE(refusal(Tar().symlink("up", "..").file("up/victim", "evil").finish()), "taken");
  EXPECT_NE(refusal(Tar().symlink("up2", "..").file("up2/.wh.victim", "").finish()), "taken");
  EXPECT_NE(refusal(Tar().symlink("up3", "..").file("up3/.wh..wh..opq", "").finish()), "taken");
  // The link itself is replaced, not followed.
  ASSERT_EQ(refusal(Tar().symlink("name", outside + "/victim").file("name", "mine").finish()), "taken");
  EXPECT_EQ(*read_file(at("name")), "mine");
  EXPECT_NE(refusal(Tar().symlink("name2", outside).folder("name2").finish()), "taken");
}

TEST_F(Unpack, HardLinksReachOnlyFilesOfTheLayer) {
  EXPECT_NE(refusal(Tar().hard_link("a", "../victim").finish()), "taken");
  EXPECT_NE(refusal(Tar().hard_link("b", (top_ / "victim").string()).finish()), "taken");
  EXPECT_NE(refusal(Tar().hard_link("c", "missing").finish()), "taken");
  EXPECT_NE(refusal(Tar().symlink("s", "../victim").hard_link("d", "s").finish()), "taken");
  EXPECT_NE(refusal(Tar().folder("f").hard_link("e", "f").finish()), "taken");
  EXPECT_NE(refusal(Tar().symlink("up", "..").hard_link("g", "up/victim").finish()), "taken");
  EXPECT_EQ(refusal(Tar().file("x", "1").hard_link("x", "x").finish()), "taken") << "to itself: it stays";
  EXPECT_EQ(*read_file(at("x")), "1");
}

TEST_F(Unpack, RefusesDevicesFifosAndReplacedFolders) {
  EXPECT_NE(refusal(Tar().special("null", AE_IFCHR).finish()), "taken");
  EXPECT_NE(refusal(Tar().special("disk", AE_IFBLK).finish()), "taken");
  EXPECT_NE(refusal(Tar().special("pipe", AE_IFIFO).finish()), "taken");
  EXPECT_NE(refusal(Tar().file("d/x", "").file("d", "now a file").finish()), "taken");
}

TEST_F(Unpack, HoldsItsLimits) {
  EXPECT_TRUE(refusal(Tar().file("a", std::string(2000, 'x')).finish(), {10, 1999, 8}).contains("limit"));
  EXPECT_TRUE(
      refusal(Tar().file("b", "").file("c", "").file("d", "").finish(), {2, 100, 8}).contains("too many"));
  EXPECT_TRUE(refusal(Tar().file("1/2/3/4/x", "").finish(), {10, 100, 4}).contains("too deep"));
  const std::string bomb = Tar(true).file("bomb", std::string(3U << 20, '\0')).finish();
  const auto refused = unpack(bomb, true, {10, 1U << 20, 8});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::exhausted);
}

TEST_F(Unpack, SurvivesEveryCut) {
  const std::string whole = Tar(true).folder("a").file("a/b", "content").symlink("a/c", "b").finish();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto result = unpack(whole.substr(0, size), true);
    if (result) {
      EXPECT_NE(*result, Digest{}) << size;
    }
  }
}

TEST(SplitName, IsStrictAboutParts) {
  EXPECT_EQ(*split_name("a/./b//c/", 8), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split_name(".", 8)->empty());
  for (const std::string& name :
       {std::string(""), std::string("/a"), std::string("a/../b"), std::string("a\0b", 3),
        std::string(256, 'x'), std::string("1/2/3/4/5/6/7/8/9")})
    EXPECT_FALSE(split_name(name, 8)) << name;
}

}  // namespace
}  // namespace fairlead::runtime
