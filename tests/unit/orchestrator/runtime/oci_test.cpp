// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/image/oci.h"

#include <gtest/gtest.h>

namespace fairlead::runtime {
namespace {

const std::string kHex(64, 'a');

std::string descriptor(const std::string& type, const std::string& more = "") {
  return R"({"mediaType":"application/vnd.oci.image.)" + type + R"(","digest":"sha256:)" + kHex +
         R"(","size":7)" + more + "}";
}

std::string manifest(const std::string& layers) {
  return R"({"schemaVersion":2,"config":)" + descriptor("config.v1+json") + R"(,"layers":[)" + layers + "]}";
}

TEST(Digest, IsSha256InLowerCase) {
  EXPECT_EQ(Digest::parse("sha256:" + kHex)->hex, kHex);
  EXPECT_EQ(Digest::parse("sha512:" + kHex).error().code, Code::unsupported);
  EXPECT_FALSE(Digest::parse("sha256:" + std::string(64, 'A')));
  EXPECT_FALSE(Digest::parse("sha256:" + std::string(63, 'a')));
  EXPECT_FALSE(Digest::parse("sha256:" + std::string(61, 'a') + "../"));
  EXPECT_EQ(format(sha256("abc")), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Manifest, GivesConfigAndLayersLowestFirst) {
  const auto parsed =
      parse_manifest(manifest(descriptor("layer.v1.tar+gzip") + "," + descriptor("layer.v1.tar")));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->config.size, 7U);
  ASSERT_EQ(parsed->layers.size(), 2U);
  EXPECT_EQ(parsed->layers[0].type, MediaType::layer_gzip);
  EXPECT_EQ(parsed->layers[1].type, MediaType::layer_tar);
}

TEST(Manifest, RefusesByName) {
  const auto zstd = parse_manifest(manifest(descriptor("layer.v1.tar+zstd")));
  ASSERT_FALSE(zstd);
  EXPECT_TRUE(zstd.error().reason.contains("zstd")) << format(zstd.error());
  EXPECT_FALSE(parse_manifest(manifest("")));
  EXPECT_FALSE(parse_manifest(manifest(descriptor("config.v1+json"))));
  EXPECT_FALSE(parse_manifest(
      manifest(R"({"mediaType":"application/x","digest":"sha256:)" + kHex + R"(","size":1})")));
  EXPECT_FALSE(parse_manifest(R"({"schemaVersion":1})"));
  EXPECT_FALSE(parse_manifest("[]"));
  EXPECT_FALSE(parse_manifest("{"));
  EXPECT_FALSE(parse_manifest(std::string(kMaxImageJson + 1, ' ')));
  std::string many = descriptor("layer.v1.tar");
  for (std::size_t i = 0; i < kMaxLayers; ++i) many += "," + descriptor("layer.v1.tar");
  EXPECT_FALSE(parse_manifest(manifest(many)));
}

std::string index(const std::string& entries) {
  return R"({"schemaVersion":2,"manifests":[)" + entries + "]}";
}

std::string tagged(const std::string& tag) {
  return descriptor("manifest.v1+json",
                    R"(,"annotations":{"org.opencontainers.image.ref.name":")" + tag + R"("})");
}

std::string for_platform(const std::string& architecture) {
  return descriptor("manifest.v1+json",
                    R"(,"platform":{"os":"linux","architecture":")" + architecture + R"("})");
}

TEST(Choose, FollowsTagPlatformAndLatest) {
  const ImageIndex two = parse_index(index(tagged("v1") + "," + tagged("latest"))).value();
  EXPECT_EQ(choose(two, "v1", "amd64")->tag, "v1");
  EXPECT_EQ(choose(two, "", "amd64")->tag, "latest");
  EXPECT_EQ(choose(two, "v2", "amd64").error().code, Code::not_found);
  const ImageIndex platforms =
      parse_index(index(for_platform("arm64") + "," + for_platform("amd64"))).value();
  EXPECT_EQ(choose(platforms, "", "amd64")->platform, "linux/amd64");
  EXPECT_EQ(choose(platforms, "", "riscv64").error().code, Code::not_found);
  const ImageIndex twice = parse_index(index(tagged("v1") + "," + tagged("v1"))).value();
  EXPECT_FALSE(choose(twice, "v1", "amd64"));
  EXPECT_FALSE(choose(ImageIndex{}, "", "amd64"));
}

TEST(Config, GivesWhatToRun) {
  const auto config =
      parse_config(R"({"os":"linux","architecture":"amd64","unknown":{},"config":{"Entrypoint":["/a"],
      "Cmd":["b"],"Env":["A=1"],"User":"nobody","WorkingDir":"/srv"},"rootfs":{"type":"layers","diff_ids":["sha256:)" +
                       kHex + R"("]}})",
                   "amd64");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->entrypoint, std::vector<std::string>{"/a"});
  EXPECT_EQ(config->command, std::vector<std::string>{"b"});
  EXPECT_EQ(config->user, "nobody");
  EXPECT_EQ(config->working_dir, "/srv");
  ASSERT_EQ(config->diff_ids.size(), 1U);
}

TEST(Config, RefusesAnotherPlatformAndWrongTypes) {
  const std::string ids = R"("rootfs":{"diff_ids":["sha256:)" + kHex + R"("]})";
  EXPECT_TRUE(parse_config(R"({"os":"linux","architecture":"amd64",)" + ids + "}", "amd64"));
  const auto other = parse_config(R"({"os":"linux","architecture":"arm64",)" + ids + "}", "amd64");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::unsupported);
  for (const char* wrong : {R"("config":[])", R"("config":{"Env":"A=1"})", R"("config":{"Env":[1]})",
                            R"("config":{"User":0})", R"("config":{"User":"a\u0000b"})"})
    EXPECT_FALSE(parse_config(R"({"os":"linux","architecture":"amd64",)" + ids + "," + wrong + "}", "amd64"))
        << wrong;
  EXPECT_FALSE(parse_config(R"({"os":"linux","architecture":"amd64"})", "amd64"));
}

}  // namespace
}  // namespace fairlead::runtime
