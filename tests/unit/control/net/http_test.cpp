// SPDX-License-Identifier: Apache-2.0
#include "control/net/http.h"

#include <gtest/gtest.h>

#include "control/net/client.h"
#include "control/net/router.h"
#include "control/net/server.h"

namespace fairlead::net {
namespace {

TEST(Target, SplitsAndDecodes) {
  const auto target =
      parse_target("/v1/namespaces/shop/jobs/we%62?expect=41&dry_run=1&file=a%20b.yaml").value();
  EXPECT_EQ(target.segments, (std::vector<std::string>{"v1", "namespaces", "shop", "jobs", "web"}));
  EXPECT_EQ(target.query, (Query{{"expect", "41"}, {"dry_run", "1"}, {"file", "a b.yaml"}}));
}

TEST(Target, RefusesWhatIsBroken) {
  for (const std::string text : {"", "v1", "//", "/v1//x", "/v1/", "/v1/%", "/v1/%4", "/v1/%zz", "/v1/%00",
                                 "/v1/%0a", "/v1?=x", "/v1?a=1&a=2", "/v1?a=%1"})
    EXPECT_FALSE(parse_target(text)) << text;
  EXPECT_FALSE(parse_target("/" + std::string(9000, 'a')));
  std::string deep;
  for (int i = 0; i < 17; ++i) deep += "/a";
  EXPECT_FALSE(parse_target(deep));
}

TEST(Target, WhatIsFormattedParsesToTheSame) {
  const Query query{{"object", "job/shop/web"}, {"file", "a b&c=d?#%é.yaml"}, {"empty", ""}};
  const auto back = parse_target(format_target("/v1/events", query));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->query, query);
}

TEST(ErrorBody, ComesBackAsTheSameError) {
  for (const Code code :
       {Code::invalid, Code::not_found, Code::exists, Code::conflict, Code::exhausted, Code::unavailable,
        Code::denied, Code::unsupported, Code::corrupt, Code::timeout, Code::io}) {
    const Error error{code, "job/\"web\"", "is \n broken", "mend it"};
    EXPECT_EQ(error_of(error_response(error), "x"), error) << to_string(code);
  }
}

TEST(ErrorBody, ForeignAnswersBecomeAnErrorThatNamesTheAddress) {
  const Error error = error_of({502, "text/html", "<html>Bad gateway</html>"}, "10.0.0.1:7400");
  EXPECT_EQ(error.object, "10.0.0.1:7400");
  EXPECT_NE(error.reason.find("502"), std::string::npos);
}

Result<> let_in(const Principal&, std::string_view, std::string_view) { return {}; }

TEST(Router, SaysWhatWouldWork) {
  Router router(let_in);
  router.on(Method::get, "/v1/nodes/{name}", "get", {});
  router.on(Method::put, "/v1/nodes/{name}", "put", {});
  router.on_stream("/v1/watch", "watch", [](Request, WebSocketPtr) -> Task<> { co_return; });
  const auto find = [&](Method method, const char* path, bool stream) {
    Request request{method, path, parse_target(path).value(), {}, {}, {}, {}};
    auto found = router.find(request, stream);
    return found ? "found " + (*found)->verb + " " + request.params["name"] : format(found.error());
  };
  EXPECT_EQ(find(Method::get, "/v1/nodes/n1", false), "found get n1");
  EXPECT_EQ(find(Method::put, "/v1/nodes/n2", false), "found put n2");
  EXPECT_EQ(find(Method::delete_, "/v1/nodes/n1", false), "/v1/nodes/n1: does not take DELETE. use GET, PUT");
  EXPECT_EQ(find(Method::get, "/v1/watch", false),
            "/v1/watch: is a WebSocket stream. ask with `Upgrade: websocket`");
  EXPECT_EQ(find(Method::get, "/v1/nodes", false), "/v1/nodes: is no path of this API. see docs/api.md");
}

}  // namespace
}  // namespace fairlead::net
