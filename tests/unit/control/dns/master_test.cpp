// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone/master.h"

#include <gtest/gtest.h>

#include "control/dns/answer.h"
#include "control/dns/text.h"
#include "control/dns/zone/schema.h"
#include "tests/unit/control/dns/asked.h"
#include "tests/unit/control/dns/sample.h"

namespace fairlead::dns {
namespace {

constexpr const char* kHead = "$TTL 60\n$ORIGIN example.\n@ SOA ns admin 7 7200 900 86400 30\n";

Result<Content> parse(const std::string& text) {
  const MasterFile file{"f", text};
  return parse_master({&file, 1});
}

std::string of(const Content& content, const char* name, Type type) {
  const Owner* owner = content.find(Name::parse(name)->folded());
  if (!owner) return "absent";
  const Rrset* set = owner->find(type);
  if (!set) return "empty";
  std::string text = std::to_string(set->ttl);
  for (const std::string& data : set->data) text += " " + format_data(type, data);
  return text;
}

TEST(Master, ReadsWhatPeopleWrite) {
  const Content content = parse(std::string(kHead) +
                                "    NS ns            ; of the zone\n"
                                "NS   A 192.0.2.1\n"
                                "     300 IN AAAA 2001:db8::1\n"
                                "     IN 1h30m A 192.0.2.2\n"
                                "www CNAME ns\n"
                                "a.b  TXT \"one; (two)\" three\\032four\n"
                                "_http._tcp SRV ( 0 100\n"
                                "  80 ; in parentheses\n"
                                "  ns )\n"
                                "host.other.example. A 192.0.2.9\r\n"
                                "x TYPE65280 \\# 3 00ff10\n")
                              .value();
  EXPECT_EQ(of(content, "example", Type::soa), "60 ns.example. admin.example. 7 7200 900 86400 30");
  EXPECT_EQ(of(content, "example", Type::ns), "60 ns.example.");
  EXPECT_EQ(of(content, "ns.example", Type::a), "60 192.0.2.1 192.0.2.2") << "one TTL for a set, the first";
  EXPECT_EQ(of(content, "ns.example", Type::aaaa), "300 2001:db8::1");
  EXPECT_EQ(of(content, "www.example", Type::cname), "60 ns.example.");
  EXPECT_EQ(of(content, "a.b.example", Type::txt), "60 \"one; (two)\" \"three four\"");
  EXPECT_EQ(of(content, "b.example", Type::a), "empty") << "a name between";
  EXPECT_EQ(of(content, "_http._tcp.example", Type::srv), "60 0 100 80 ns.example.");
  EXPECT_EQ(of(content, "host.other.example", Type::a), "60 192.0.2.9");
  EXPECT_EQ(of(content, "x.example", static_cast<Type>(65280)), "60 \\# 3 00ff10");
  EXPECT_EQ(content.revision, Revision(7));
}

TEST(Master, SaysWhatIsWrongAndWhere) {
  const auto error = [](const std::string& text) {
    const auto content = parse(text);
    return content ? std::string("taken") : fairlead::format(content.error());
  };
  const std::string head = kHead;
  const std::pair<std::string, std::string> wrong[] = {
      {"", "records: no zone begins"},
      {"$TTL 60\na. A 192.0.2.1\n", "f:2: no zone begins"},
      {head + "a A 192.0.2\n", "f:4: \"192.0.2\": is no IPv4 address"},
      {head + "\na B 1\n", "f:5: \"B\": is no record type"},
      {head + "a CH A 192.0.2.1\n", "f:4: CH: is a class that is not served"},
      {head + "a 99999999999 A 192.0.2.1\n", "f:4: \"99999999999\": is no record type"},
      {head + "$TTL soon\n", "f:4: soon: is no time"},
      {head + "$INCLUDE other\n", "f:4: $include: is not served"},
      {head + "a A 192.0.2.1 192.0.2.2\n", "f:4: \"192.0.2.1 192.0.2.2\": is no data of a record of type A"},
      {head + "a TXT \"open\nb A 192.0.2.1\n", "f:4: quotes have no end"},
      {head + "\n\na TXT ( x\n", "f:6: parentheses do not match"},
      {head + "a TXT x )\n", "f:4: parentheses do not match"},
      {head + "a.net. A 192.0.2.1\n", "f:4: a.net. is in no zone of these files"},
      {head + "sub NS ns.sub\n", "f:4: sub.example. is a delegation"},
      {head + "*.a A 192.0.2.1\n", "f:4: *.a.example. is a wildcard"},
      {head + "a DNAME b\n", "f:4: \"DNAME\": is no record type"},
      {head + "a TYPE39 \\# 1 00\n", "f:4: a.example. has a record of type TYPE39, which is not served"},
      {head + "@ SOA ns admin 8 1 1 1 1\n", "f:4: example. has a second SOA"},
      {head + "a CNAME b\na A 192.0.2.1\n", "f:4: a.example. is an alias and has other data"},
      {head + "a CNAME b\na CNAME c\n", "f:4: a.example. is an alias and has other data"},
      {"  A 192.0.2.1\n", "f:1: the first record has no name"},
      {"a. A 192.0.2.1\n", "f:1: the record has no TTL"},
      {head + "a 60 IN\n", "f:4: the record has no type"},
  };
  for (const auto& [text, said] : wrong)
    EXPECT_TRUE(error(text).find(said) == 0) << text << "\n" << error(text) << "\nwanted " << said;
}

TEST(Master, ANoLivesNoLongerThanItsZoneSays) {
  const Zone zone = Zone::build(parse(kHead).value()).value();
  for (const char* name : {"nobody.example", "example"}) {
    const Message reply =
        decode(reply_to(encode(query_for(name, Type::a)).value(), &zone).octets.value()).value();
    ASSERT_EQ(reply.authorities.size(), 1U) << name;
    EXPECT_EQ(reply.authorities[0].ttl, 30U) << "the minimum, not the SOA's 60 (RFC 2308)";
  }
}

TEST(Master, FilesTogetherAreOneContentAndHaveTheirOwnOrigin) {
  const MasterFile files[] = {{"one", kHead}, {"two", "$TTL 5\nwww.example. A 192.0.2.1\n"}};
  const Content content = parse_master(files).value();
  EXPECT_EQ(of(content, "www.example", Type::a), "5 192.0.2.1");
  const MasterFile second[] = {{"one", kHead}, {"two", "www A 192.0.2.1\n"}};
  EXPECT_EQ(fairlead::format(parse_master(second).error()).substr(0, 6), "two:1:");
}

TEST(Master, AClustersZoneIsWrittenAndReadTheSame) {
  const Content content = content_of(sample_snapshot(), {}).value();
  const std::string text = format_master(content);
  const auto again = parse(text);
  ASSERT_TRUE(again) << fairlead::format(again.error()) << "\n" << text;
  std::size_t compared = 0;
  for (const auto& [name, owner] : content.owners()) {
    if (const ZoneCut* zone = content.zone_of(name); !zone || zone->elsewhere) continue;
    const Owner* other = again->find(name);
    if (owner.sets.empty()) continue;
    ASSERT_TRUE(other) << format(name_of(name));
    EXPECT_EQ(owner.sets.size(), other->sets.size());
    for (const Rrset& set : owner.sets) EXPECT_TRUE(other->find(set.type) && *other->find(set.type) == set);
    ++compared;
  }
  EXPECT_GE(compared, 20U);
}

}  // namespace
}  // namespace fairlead::dns
