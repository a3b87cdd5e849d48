// SPDX-License-Identifier: Apache-2.0
// The whole config.json against golden/bundle.json, and what varies.
#include "orchestrator/runtime/container/bundle.h"

#include <boost/json.hpp>
#include <cstdlib>
#include <gtest/gtest.h>

#include "base/io/file.h"

namespace fairlead::runtime {
namespace {

namespace json = boost::json;

BundleInput sample() {
  BundleInput input;
  input.pod_name = "web-1";
  input.ns = "shop";
  input.node = "n2";
  input.ipv4 = IpAddress::parse("10.244.0.5").value();
  input.ipv6 = IpAddress::parse("fd00:244::5").value();
  input.container.name = "web";
  input.container.env = {{"GREETING", "hi"}, {"OVER", "container"}};
  input.container.resources = {250, 64U << 20, 100};
  input.image.entrypoint = {"/bin/serve"};
  input.image.command = {"--port", "8080"};
  input.image.env = {"PATH=/bin", "OVER=image"};
  input.image.working_dir = "/srv";
  input.user = {1000, 1001, {5}};
  input.rootfs = "/s/pods/u1/c/web/rootfs";
  input.netns = "/r/netns/u1";
  input.etc = "/s/pods/u1/etc";
  input.cgroups_path = "/fairlead/c1/n2/u1/web";
  return input;
}

json::value parsed(const BundleInput& input) { return json::parse(bundle_json(input).value()); }

TEST(Bundle, IsTheGoldenFile) {
  const std::string folder =
      std::string(std::getenv("FL_SOURCE_DIR")) + "/tests/unit/orchestrator/runtime/golden/";
  const json::value golden = json::parse(read_file(folder + "bundle.json").value());
  EXPECT_EQ(parsed(sample()), golden) << bundle_json(sample()).value();
}

TEST(Bundle, CommandReplacesWhatTheImageSays) {
  BundleInput input = sample();
  input.container.command = {"/bin/sh"};
  EXPECT_EQ(parsed(input).at("process").at("args"), json::array{"/bin/sh"});
  input.container.command.clear();
  input.image.entrypoint.clear();
  input.image.command.clear();
  const auto nothing = bundle_json(input);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().object, "container/web");
}

TEST(Bundle, SmallSharesStayWithinTheKernelsBounds) {
  BundleInput input = sample();
  input.container.resources.cpu_milli = 1;
  const json::value cpu = parsed(input).at("linux").at("resources").at("cpu");
  EXPECT_EQ(cpu.at("shares"), 2);
  EXPECT_EQ(cpu.at("quota"), 1000);
}

TEST(Bundle, GivesAPathAndARootWorkingFolder) {
  BundleInput input = sample();
  input.image.env.clear();
  input.image.working_dir = "";
  const json::value process = parsed(input).at("process");
  EXPECT_EQ(process.at("cwd"), "/");
  EXPECT_TRUE(process.at("env").as_array().front().as_string().starts_with("PATH=/usr/local/sbin:"));
}

constexpr std::string_view kPasswd = "root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/srv:/bin/false\nbroken\n";
constexpr std::string_view kGroup = "root:x:0:\nweb:x:1001:\ntty:x:5:nobody,web\nadm:x:4:webby\n";

TEST(User, IsResolvedAsDockerDoes) {
  EXPECT_EQ(*resolve_user("", kPasswd, kGroup), (User{0, 0, {}}));
  EXPECT_EQ(*resolve_user("web", kPasswd, kGroup), (User{1000, 1001, {5}}));
  EXPECT_EQ(*resolve_user("1000", kPasswd, kGroup), (User{1000, 1001, {5}}));
  EXPECT_EQ(*resolve_user("web:root", kPasswd, kGroup), (User{1000, 0, {}}));
  EXPECT_EQ(*resolve_user("7:8", "", ""), (User{7, 8, {}}));
  EXPECT_EQ(*resolve_user("7", kPasswd, kGroup), (User{7, 0, {}}));
  EXPECT_FALSE(resolve_user("nobody", kPasswd, kGroup));
  EXPECT_FALSE(resolve_user("web:nogroup", kPasswd, kGroup));
  EXPECT_FALSE(resolve_user("99999999999", kPasswd, kGroup));
}

}  // namespace
}  // namespace fairlead::runtime
