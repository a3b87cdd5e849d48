// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/reference.h"

#include <gtest/gtest.h>
#include <map>

#include "orchestrator/cli/view/exit_code.h"

namespace fairlead::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Reference, OneObjectInEitherForm) {
  const Reference web{Kind::job, "shop", "web"};
  EXPECT_TRUE(parse_reference(Words{"job/web"}, "shop") == web);
  EXPECT_TRUE(parse_reference(Words{"jobs", "web"}, "shop") == web);
  EXPECT_TRUE(parse_reference(Words{"Job", "web"}, "shop") == web);
  for (const auto& [word, kind] : std::map<std::string, Kind>{{"ns", Kind::namespace_},
                                                              {"no", Kind::node},
                                                              {"po", Kind::pod},
                                                              {"svc", Kind::service},
                                                              {"net", Kind::network}})
    EXPECT_EQ(parse_kind(word), kind) << word;
}

TEST(Reference, NodesHaveNoNamespace) {
  const auto node = parse_reference(Words{"node/n1"}, "shop");
  ASSERT_TRUE(node.has_value());
  EXPECT_EQ(*node, (Reference{Kind::node, "", "n1"}));
  EXPECT_EQ(path_of(*node), "/v1/nodes/n1");
}

TEST(Reference, SeveralKindsAtOnce) {
  const auto all = parse_references(Words{"nodes,pods,service"}, "shop");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(*all, (std::vector<Reference>{
                      {Kind::node, "", ""}, {Kind::pod, "shop", ""}, {Kind::service, "shop", ""}}));
}

TEST(Reference, Paths) {
  EXPECT_EQ(path_of({Kind::job, "shop", "web"}), "/v1/namespaces/shop/jobs/web");
  EXPECT_EQ(path_of({Kind::pod, "shop", ""}), "/v1/pods");
  EXPECT_EQ(path_of({Kind::namespace_, "", "shop"}), "/v1/namespaces/shop");
}

TEST(Reference, MistakesAreTold) {
  const auto told = [](Words words) {
    const auto parsed = parse_references(words, "default");
    return parsed ? "" : format(parsed.error());
  };
  EXPECT_EQ(told({"pdos"}), "\"pdos\": is not a kind of object. Did you mean pods?");
  EXPECT_EQ(told({"nodes,,pods"}),
            "\"\": is not a kind of object. Kinds: namespace, node, job, pod, service, network, ring");
  EXPECT_EQ(told({"job/../nodes"}),
            "name \"../nodes\": is not the name of an object. Names are a-z, 0-9 and -, like web-1");
  EXPECT_EQ(told({"job", ""}),
            "name \"\": is not the name of an object. Names are a-z, 0-9 and -, like web-1");
  EXPECT_EQ(told({"a", "b", "c"}), "\"a\": names no object. Write KIND/NAME, like job/web");
}

TEST(ExitCode, ByTheErrorsCode) {
  EXPECT_EQ(exit_code(Code::invalid), 3);
  EXPECT_EQ(exit_code(Code::unsupported), 3);
  EXPECT_EQ(exit_code(Code::not_found), 4);
  EXPECT_EQ(exit_code(Code::conflict), 5);
  EXPECT_EQ(exit_code(Code::unavailable), 1);
}

}  // namespace
}  // namespace fairlead::cli
