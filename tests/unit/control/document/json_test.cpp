// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "control/document/value.h"

namespace fairlead::document {
namespace {

std::string again(std::string_view text) {
  const auto value = parse_json(text);
  return value ? format_json(*value) : "ERROR " + format(value.error());
}

TEST(Json, PrintsWhatItRead) {
  for (const char* text : {"null", "true", "false", "0", "-0", "-1.5e+10", "1E5", "\"\"", "[]", "{}",
                           R"([1,"a",{"b":[]}])", R"({"a":{"b":null},"c":-0.5})"})
    EXPECT_EQ(again(text), text);
}

TEST(Json, SpaceIsNothing) { EXPECT_EQ(again(" \t\r\n{ \"a\" : [ 1 , 2 ] } \n"), R"({"a":[1,2]})"); }

TEST(Json, EscapesBecomeCharacters) {
  const auto value = parse_json(R"("\u0041\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\\u0000")");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->text, std::string("A\xC3\xA9\xF0\x9F\x98\x80/\b\f\n\r\t\"\\\0", 16));
}

TEST(Json, WhatIsNoJsonIsRefusedWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "1:1: is not a JSON value. Put text in double quotes"},
      {"tru", "1:1: is not a JSON value. Put text in double quotes"},
      {"[1,]", "1:4: is not a JSON value. Put text in double quotes"},
      {"[1 2]", "1:4: expected ',' here. Correct the JSON"},
      {"{\"a\" 1}", "1:6: expected ':' here. Correct the JSON"},
      {"{a: 1}", "1:2: expected a name in double quotes here. Correct the JSON"},
      {"01", "1:3: is a number with a leading zero. Remove it"},
      {"1.", "1:3: is not a number. Write digits here"},
      {"1 1", "1:3: has more after its end. Send one JSON value"},
      {"\"\\x\"", "1:4: has an unknown escape in a text. JSON knows \\\" \\\\ \\/ \\n \\u0000"},
      {"\"\\ud800x\"", "1:9: has half a surrogate pair. Write the character itself"},
      {"\"\\udc00\"", "1:8: has half a surrogate pair. Write the character itself"},
      {"\"a", "1:3: the JSON ends too early. Complete it"},
      {"{\"a\":1,\n\"a\":2}", "2:1: \"a\" stands here twice. Remove one"},
      {"\"\xFF\"", "is not UTF-8. Save it as UTF-8"},
      {"\"a\nb\"", "1:3: has a control character in a text. Write it as \\n or \\u0000"},
  };
  for (const auto& [text, told] : cases) EXPECT_EQ(again(text), std::string("ERROR ") + told) << text;
}

TEST(Json, ColumnsCountCharacters) {
  EXPECT_EQ(again("[\"\xC3\xA9\", x]"), "ERROR 1:7: is not a JSON value. Put text in double quotes");
}

TEST(Json, DepthAndSizeAreBounded) {
  EXPECT_EQ(again(std::string(33, '[') + std::string(33, ']')).find("ERROR"), std::string::npos);
  EXPECT_NE(again(std::string(34, '[') + std::string(34, ']')).find("nested deeper than 32"),
            std::string::npos);
  EXPECT_FALSE(parse_json("[1,2,3]", 6).has_value());
  EXPECT_TRUE(parse_json("[1,2,3]", 7).has_value());
}

TEST(Json, PrettyIsTheSameValue) {
  const auto value = parse_json(R"({"a":[1,{"b":"c"}],"d":{}})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(format_json_pretty(*value),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c\"\n    }\n  ],\n  \"d\": {}\n}");
}

TEST(Utf8, OverlongSurrogatesAndBeyondAreRefused) {
  for (const char* good :
       {"a", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good));
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace fairlead::document
