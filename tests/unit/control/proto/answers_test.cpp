// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "control/proto/convert.h"
#include "tests/support/random_objects.h"

namespace fairlead::proto {
namespace {

TEST(Answers, AListCarriesItsRevisionAndDocuments) {
  ObjectList list{Revision(41), {}};
  list.items.push_back(Namespace{Meta{"shop", "", {}, "", Revision(7), {}}, ""});
  const std::string json = to_json(list);
  EXPECT_EQ(json,
            R"({"kind":"List","revision":"41","items":[{"kind":"Namespace","name":"shop","revision":"7"}]})");
  const auto back = object_list_from_json(json);
  ASSERT_TRUE(back.has_value()) << format(back.error());
  EXPECT_TRUE(*back == list);
}

TEST(Answers, AnEmptyListIsAList) {
  const auto back = object_list_from_json(to_json(ObjectList{Revision(0), {}}));
  ASSERT_TRUE(back.has_value()) << format(back.error());
  EXPECT_TRUE(back->items.empty());
}

TEST(Answers, AnApplyResultComesBack) {
  const ApplyResult result{
      {{"create", "job/web", "n1 1, n2 1, n3 1"}, {"unchanged", "service/web", ""}}, Revision(42), true};
  const auto back = apply_result_from_json(to_json(result));
  ASSERT_TRUE(back.has_value()) << format(back.error());
  EXPECT_TRUE(*back == result);
}

TEST(Answers, EventsComeBack) {
  const EventList events{
      {{1, WallTime(Millis(1'700'000'000'123)), "pod/web-1", "warning", "Failed", "exit 1"}}};
  const std::string json = to_json(events);
  EXPECT_NE(json.find(R"("time":"2023-11-14T22:13:20.123Z")"), std::string::npos) << json;
  const auto back = event_list_from_json(json);
  ASSERT_TRUE(back.has_value()) << format(back.error());
  EXPECT_TRUE(*back == events);
}

TEST(Answers, SeveralErrorsTravelAsTheFirstAndTheOthers) {
  const ErrorList errors{{{Code::invalid, "web.yaml:1:1: name", "is missing", "Add it"},
                          {Code::unsupported, "web.yaml:4:1: allow", "needs network policy", "Remove it"}}};
  const std::string json = to_json(errors);
  EXPECT_TRUE(json.starts_with(R"({"code":"invalid","object":"web.yaml:1:1: name")")) << json;
  const auto back = error_list_from_json(json);
  ASSERT_TRUE(back.has_value()) << format(back.error());
  EXPECT_TRUE(*back == errors);
}

TEST(Answers, OneErrorIsAListOfOne) {
  const Error error{Code::conflict, "job/web", "is at revision 43", "Read it again"};
  const auto back = error_list_from_json(to_json(error));
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(*back == ErrorList{{error}});
}

TEST(Answers, ACommandKeepsItsWords) {
  const std::vector<std::string> command{"sh", "-c", "echo \"a b\" & \n", ""};
  const auto back = strings_from_json(to_json(command));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back, command);
  EXPECT_FALSE(strings_from_json(R"(["a",1])").has_value());
}

TEST(Answers, DropsExplanationsAndVersionsComeBack) {
  const DropList drops{{{"n1", "STALE_EPOCH", 17, "udp 10.244.1.2:53 > 10.244.2.3:53", "of a pod that left"},
                        {"n2", "NO_ROUTE", 1, "", ""}}};
  EXPECT_TRUE(drop_list_from_json(to_json(drops)).value_or(DropList{}) == drops);
  const TableList tables{{{"n1", "flows", {262144, 262144, 17}}, {"n2", "links", {0, 4096, 0}}}};
  EXPECT_TRUE(table_list_from_json(to_json(tables)).value_or(TableList{}) == tables);
  const EdgeList edges{
      {{"e1", *IpAddress::parse("192.0.2.1"), Revision(40), 3}, {"e2", {}, Revision(41), {}}}, Revision(41)};
  EXPECT_TRUE(edge_list_from_json(to_json(edges)).value_or(EdgeList{}) == edges);
  const Explanation why{"pod/web-2", "not placed", "no node fits", {"n1: cpu", "n2: silent"}, "Ask for less"};
  EXPECT_TRUE(explanation_from_json(to_json(why)).value_or(Explanation{}) == why);
  const ServerVersion version{"0.1.0", "c1a2", Revision(41)};
  EXPECT_TRUE(server_version_from_json(to_json(version)).value_or(ServerVersion{}) == version);
}

TEST(Answers, WhatIsNotOursIsCorrupt) {
  for (const char* text : {"", "<html>", "[]", "{}", R"({"items":3})"}) {
    const auto list = object_list_from_json(text);
    ASSERT_FALSE(list.has_value()) << text;
    EXPECT_EQ(list.error().code, Code::corrupt);
    EXPECT_FALSE(error_list_from_json(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace fairlead::proto
