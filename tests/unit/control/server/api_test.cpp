// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/co_spawn.hpp>
#include <fstream>
#include <regex>
#include <sstream>

#include "control/net/stream_client.h"
#include "control/proto/stream.h"
#include "control/store/sqlite_store.h"
#include "control_house.h"
#include "fake_agent.h"

namespace fairlead::server {
namespace {

using net::Method;

TEST_F(ControlHouse, ADryRunSaysWhatApplyWouldDoAndDoesNothing) {
  start();
  FakeAgent n1(address(), "n1");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 1; }));
  const proto::ApplyResult planned = apply(kWeb, "&dry_run=1");
  EXPECT_TRUE(planned.dry_run);
  EXPECT_TRUE(list<Job>("jobs").empty());
  const proto::ApplyResult applied = apply(kWeb, "&expect=" + std::to_string(planned.revision.value));
  EXPECT_EQ(applied.changes, planned.changes);
  EXPECT_EQ(list<Service>("services").size(), 1U);
}

TEST_F(ControlHouse, ApplyingTheSameAgainChangesNothingAndWhatGetPrintsApplies) {
  start();
  apply(kWeb);
  const std::string stored = get("/v1/namespaces/default/jobs/web");
  const proto::ApplyResult again = apply(kWeb);
  EXPECT_EQ(again.changes, (std::vector<proto::Change>{{"unchanged", "job/web", ""}}));
  EXPECT_EQ(apply(stored).changes, again.changes);
  EXPECT_EQ(apply(get("/v1/namespaces/default/services/web")).changes.front().action, "unchanged");
  EXPECT_EQ(get("/v1/namespaces/default/jobs/web"), stored);
}

TEST_F(ControlHouse, AnOlderExpectationIsAConflict) {
  start();
  const proto::ApplyResult first = apply(kWeb);
  std::string five = kWeb;
  five.replace(five.find("replicas: 3"), 11, "replicas: 5");
  const proto::ApplyResult second = apply(five);
  EXPECT_EQ(second.changes.front().action, "update");
  EXPECT_NE(second.changes.front().detail.find("replicas 3 -> 5"), std::string::npos);
  const std::string expect = "/v1/apply?expect=" + std::to_string(first.revision.value);
  EXPECT_EQ(error_of(Method::post, expect, kWeb).code, Code::conflict);
  EXPECT_EQ(error_of(Method::put, "/v1/namespaces/default/jobs/web?expect=1", kWeb).code, Code::conflict);
  EXPECT_EQ(error_of(Method::delete_, "/v1/namespaces/default/jobs/web?expect=1").code, Code::conflict);
  EXPECT_EQ(list<Job>("jobs").front().replicas, 5U);
}

TEST_F(ControlHouse, NamespacesHoldJobsAndAreDeletedEmpty) {
  start();
  std::string shop = kWeb;
  shop.insert(shop.find("replicas"), "namespace: shop\n");
  EXPECT_EQ(error_of(Method::post, "/v1/apply", shop).code, Code::not_found);
  const proto::ApplyResult both = apply("kind: Namespace\nname: shop\n---\n" + shop);
  EXPECT_EQ(both.changes[0].object, "namespace/shop");
  EXPECT_EQ(both.changes[1].object, "job/shop/web");
  EXPECT_EQ(list<Job>("jobs?namespace=shop").size(), 1U);
  EXPECT_EQ(list<Job>("jobs?namespace=default").size(), 0U);
  EXPECT_EQ(error_of(Method::delete_, "/v1/namespaces/shop").code, Code::conflict);
  EXPECT_EQ(call(Method::delete_, "/v1/namespaces/shop/jobs/web").status, 200);
  EXPECT_EQ(call(Method::delete_, "/v1/namespaces/shop").status, 200);
  EXPECT_EQ(error_of(Method::get, "/v1/namespaces/shop").code, Code::not_found);
}

TEST_F(ControlHouse, EveryBadRequestIsToldWhatIsWrongAndWhatToDo) {
  start();
  const std::string pod = "kind: Pod\nname: own\njob: web\ncontainers: [{name: a, image: 'oci:a'}]\n";
  std::string bad_name = kWeb;
  bad_name.replace(bad_name.find("name: web"), 9, "name: Web");
  const struct {
    Method method;
    std::string target;
    std::string body;
    int status;
    std::string says;
  } cases[] = {
      {Method::get, "/v1/lorries", "", 404, "no path"},
      {Method::get, "/v1/jobs/web", "", 404, "names no namespace"},
      {Method::get, "/v1/namespaces/default/nodes/n1", "", 404, "belongs to no namespace"},
      {Method::get, "/v1/namespaces/default/jobs/none", "", 404, "does not exist"},
      {Method::get, "/v1/jobs?namespace=none", "", 404, "does not exist"},
      {Method::get, "/v1/jobs?nmespace=shop", "", 400, "nmespace"},
      {Method::get, "/v1/nodes/n1?verbose=1", "", 400, "verbose"},
      {Method::get, "/v1/explain/job/default/web?why=1", "", 400, "why"},
      {Method::get, "/v1/nodes/n1/drops?top=3", "", 400, "top"},
      {Method::get, "/v1/version?x=1", "", 400, "no parameter"},
      {Method::get, "/metrics?name=a", "", 400, "no parameter"},
      {Method::get, "/healthz?deep=1", "", 400, "no parameter"},
      {Method::get, "/v1/events?after=-1", "", 400, "is no number"},
      {Method::get, "/v1/events?limit=all", "", 400, "is no number"},
      {Method::get, "/v1/events?since=yesterday", "", 400, "yesterday"},
      {Method::get, "/v1/events?until=1h", "", 400, "until"},
      {Method::get, "/v1/watch", "", 400, "WebSocket"},
      {Method::post, "/v1/jobs", "", 405, "does not take POST"},
      {Method::post, "/v1/apply", "", 400, ""},
      {Method::post, "/v1/apply", "{", 400, ""},
      {Method::post, "/v1/apply", std::string("\xff\x00\xfe", 3), 400, ""},
      {Method::post, "/v1/apply", "kind: Lorry\nname: a\n", 400, "Lorry"},
      {Method::post, "/v1/apply?file=a.yaml", bad_name, 400, "a.yaml:2:7"},
      {Method::post, "/v1/apply?dryrun=1", kWeb, 400, "dryrun"},
      {Method::post, "/v1/apply?dry_run=maybe", kWeb, 400, "maybe"},
      {Method::post, "/v1/apply?expect=new", kWeb, 400, "new"},
      {Method::post, "/v1/apply", pod, 403, "made from their job"},
      {Method::post, "/v1/apply", std::string(kWeb) + "---\n" + kWeb, 400, "already"},
      {Method::put, "/v1/namespaces/default/jobs/other", kWeb, 400, "job/web"},
      {Method::delete_, "/v1/namespaces/default/jobs/web?force=1", "", 400, "force"},
      {Method::delete_, "/v1/namespaces/default/jobs/none", "", 404, "does not exist"},
      {Method::delete_, "/v1/namespaces/default", "", 403, "cannot be deleted"},
      {Method::get, "/v1/nodes/none/drops", "", 404, "does not exist"},
      {Method::get, "/v1/nodes/none/tables", "", 404, "does not exist"},
      {Method::get, "/v1/explain/job/default/none", "", 404, "does not exist"},
      {Method::get, "/v1/explain/namespace/-/default", "", 501, "no state"},
  };
  for (const auto& one : cases) {
    const net::Response reply = call(one.method, one.target, one.body);
    EXPECT_EQ(reply.status, one.status) << one.target << "\n" << reply.body;
    EXPECT_NE(reply.body.find(one.says), std::string::npos) << one.target << "\n" << reply.body;
    const auto errors = proto::error_list_from_json(reply.body);
    ASSERT_TRUE(errors) << one.target << "\n" << reply.body;
    EXPECT_NE(errors->errors.front().reason, "") << one.target;
    EXPECT_NE(errors->errors.front().remedy, "") << one.target << "\n" << reply.body;
  }
  EXPECT_TRUE(list<Job>("jobs").empty()) << "nothing of a refused document stays";
}

TEST_F(ControlHouse, EventsAreThoseOfAnAgeAndTheNewestOfThem) {
  start();
  for (const char* name : {"a", "b", "c"}) apply(std::string("kind: Namespace\nname: ") + name + "\n");
  const auto objects = [&](const std::string& query) {
    std::string text;
    const auto list = proto::event_list_from_json(get("/v1/events?" + query));
    for (const proto::Event& event : list.value().events) text += event.object + " ";
    return text;
  };
  EXPECT_EQ(objects("limit=2"), "namespace/b namespace/c ");
  EXPECT_EQ(objects("since=10m&limit=1"), "namespace/c ");
  EXPECT_EQ(objects("since=10m&object=namespace/a"), "namespace/a ");
  std::this_thread::sleep_for(Millis(5));
  EXPECT_EQ(objects("since=1ms"), "");
}

// The document names each route's parameters; a route that does not know one refuses it.
TEST_F(ControlHouse, EveryParameterOfTheDocumentIsTaken) {
  start();
  std::ifstream document(std::string(std::getenv("FL_SOURCE_DIR")) + "/docs/api.md");
  std::stringstream all;
  all << document.rdbuf();
  const std::string text = all.str();
  const std::regex route(R"(`(GET|POST) ([^`?]+\?[^`]+)`)"), choice(R"(\{(\w+)[^}]*\})");
  int routes = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), route), end; at != end; ++at, ++routes) {
    const std::string target = std::regex_replace((*at)[2].str(), choice, "$1");
    const net::Response reply = call((*at)[1] == "GET" ? Method::get : Method::post, target);
    EXPECT_EQ(reply.body.find("has no parameter"), std::string::npos) << target << "\n" << reply.body;
  }
  EXPECT_GE(routes, 3);
}

net::Task<std::vector<std::string>> follow_some(net::ServerAddress address, std::string target,
                                                std::size_t count) {
  std::vector<std::string> lines;
  Result<net::WebSocketPtr> stream = co_await net::connect_stream(address, target, {});
  if (!stream) {
    lines.push_back(std::string(to_string(stream.error().code)) + ": " + stream.error().reason);
    co_return lines;
  }
  while (lines.size() < count) {
    Result<net::Message> message = co_await stream.value()->receive();
    if (!message) {
      lines.push_back(message.error().reason);
      co_return lines;
    }
    const proto::WatchEvent event = proto::decode_watch_event(message->bytes).value();
    constexpr const char* kTypes[] = {"put", "remove", "bookmark", "synced"};
    lines.push_back(std::string(kTypes[static_cast<int>(event.type)]) +
                    (event.object ? " " + display_name(*event.object) : ""));
  }
  stream.value()->close("");
  co_return lines;
}

std::vector<std::string> follow_some_now(net::ServerAddress address, std::string target, std::size_t count) {
  net::asio::io_context loop(1);
  std::vector<std::string> lines;
  net::asio::co_spawn(loop, follow_some(std::move(address), std::move(target), count),
                      [&](const std::exception_ptr& failed, std::vector<std::string> got) {
                        if (failed) std::rethrow_exception(failed);
                        lines = std::move(got);
                      });
  loop.run();
  return lines;
}

TEST_F(ControlHouse, AWatchListsThenFollowsAndResumesFromARevision) {
  start();
  const std::uint64_t before = list<Namespace>("namespaces").front().meta.revision.value;
  apply("kind: Namespace\nname: shop\n");
  EXPECT_EQ(follow_some_now(address(), "/v1/watch", 4),
            (std::vector<std::string>{"put network/default", "put namespace/default", "put namespace/shop",
                                      "synced"}));
  EXPECT_EQ(call(Method::delete_, "/v1/namespaces/shop").status, 200);
  EXPECT_EQ(follow_some_now(address(), "/v1/watch?from=" + std::to_string(before), 5),
            (std::vector<std::string>{"synced", "put namespace/shop", "bookmark", "remove namespace/shop",
                                      "bookmark"}));
  EXPECT_NE(follow_some_now(address(), "/v1/watch?from=999999", 1).front().find("invalid"),
            std::string::npos);
}

TEST_F(ControlHouse, AWatchOfACompactedPastIsRefusedWith410) {
  start();
  for (int i = 0; i < 5; ++i) apply("kind: Namespace\nname: ns" + std::to_string(i) + "\n");
  stop();
  const std::filesystem::path file = folder_ / "state/store.db";
  std::uint64_t newest = 0;
  {
    const auto store = store::open_sqlite_store(file);
    ASSERT_TRUE(store) << format(store.error());
    newest = (*store)->revision().value;
    ASSERT_TRUE((*store)->compact(Revision(newest - 1)));
  }
  start();
  const auto refused = follow_some_now(address(), "/v1/watch?from=1", 1);
  EXPECT_NE(refused.front().find("compacted"), std::string::npos) << refused.front();
  EXPECT_EQ(follow_some_now(address(), "/v1/watch?from=" + std::to_string(newest - 1), 1).front(), "synced");
}

}  // namespace
}  // namespace fairlead::server
