// SPDX-License-Identifier: Apache-2.0
#include "control/dns/answer.h"

#include <gtest/gtest.h>

#include "tests/unit/control/dns/asked.h"
#include "tests/unit/control/dns/sample.h"

namespace fairlead::dns {
namespace {

const Zone& zone() {
  static const Zone sample = Zone::compile(sample_snapshot()).value();
  return sample;
}

Message ask(const char* name, Type type) { return query_for(name, type); }

Message reply(const Message& query) {
  return decode(reply_to(encode(query).value(), &zone()).octets.value()).value();
}

struct Case {
  const char* name;
  Type type;
  const char* expected;
};

TEST(Answer, EveryKindOfQuestion) {
  constexpr const char* kNoData = "NOERROR aa no cluster.internal. 5 5";
  constexpr const char* kAbsent = "NXDOMAIN aa no cluster.internal. 5 5";
  const Case cases[] = {
      {"web.default.svc.cluster.internal", Type::a, "NOERROR aa A 10.96.0.7 5"},
      {"web.default.svc.cluster.internal", Type::aaaa, "NOERROR aa AAAA fd00:96::7 5"},
      {"web.default.svc.cluster.internal", Type::any, "NOERROR aa A 10.96.0.7 5"},
      {"web.default.svc.cluster.internal", Type::txt, kNoData},
      {"web.default.svc.cluster.internal", Type{65}, kNoData},
      {"web.default.svc.cluster.internal", Type{65280}, kNoData},
      {"web.default.svc.cluster.internal", Type::axfr, "REFUSED"},
      {"db.default.svc.cluster.internal", Type::aaaa, kNoData},
      {"web-1.default.pod.cluster.internal", Type::a, "NOERROR aa A 10.244.0.5 5"},
      {"10-244-0-5.default.pod.cluster.internal", Type::a, "NOERROR aa A 10.244.0.5 5"},
      {"10-244-0-5.default.pod.cluster.internal", Type::aaaa, kNoData},
      {"fd00-244--5.default.pod.cluster.internal", Type::aaaa, "NOERROR aa AAAA fd00:244::5 5"},
      {"web-3.default.pod.cluster.internal", Type::a, kAbsent},
      {"cache.default.svc.cluster.internal", Type::a, kAbsent},
      {"www.example.com.default.svc.cluster.internal", Type::a, kAbsent},
      {"cluster.internal", Type::soa, "NOERROR aa SOA 41 5"},
      {"cluster.internal", Type::a, kNoData},
      {"svc.cluster.internal", Type::a, kNoData},
      {"default.svc.cluster.internal", Type::any, kNoData},
      {"www.example.com", Type::a, "REFUSED"},
      {"7.0.96.10.in-addr.arpa", Type{12}, "REFUSED"},
      {".", Type::ns, "REFUSED"},
  };
  for (const Case& c : cases) EXPECT_EQ(describe(reply(ask(c.name, c.type))), c.expected) << c.name;
}

TEST(Answer, EchoesIdFlagsQuestionAndCase) {
  Message query = ask("wEb.DEFAULT.svc.Cluster.Internal", Type::a);
  query.header.checking_disabled = true;
  query.header.authentic_data = true;
  const Message got = reply(query);
  EXPECT_EQ(got.header.id, 0xbeef);
  EXPECT_TRUE(got.header.response);
  EXPECT_TRUE(got.header.recursion_desired);
  EXPECT_TRUE(got.header.checking_disabled);
  EXPECT_FALSE(got.header.recursion_available);
  EXPECT_FALSE(got.header.authentic_data);
  EXPECT_FALSE(got.header.truncated);
  EXPECT_EQ(got.questions, query.questions);
  EXPECT_EQ(got.answers.at(0).name, query.questions[0].name);
  const Message none = reply(ask("x.DEFAULT.svc.Cluster.Internal", Type::a));
  EXPECT_EQ(format(none.authorities.at(0).name), "Cluster.Internal.");
  query.header.recursion_desired = false;
  EXPECT_FALSE(reply(query).header.recursion_desired);
}

TEST(Answer, ADataAnswerIsOnePointerAndSixteenOctets) {
  const Message query = ask("web.default.svc.cluster.internal", Type::a);
  const Bytes asked = encode(query).value();
  const Bytes got = reply_to(asked, &zone()).octets.value();
  ASSERT_EQ(got.size(), asked.size() + 16);
  EXPECT_TRUE(std::equal(asked.begin() + 12, asked.end(), got.begin() + 12));
  const Bytes expected{0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 96, 0, 7};
  EXPECT_EQ(Bytes(got.end() - 16, got.end()), expected);
}

TEST(Answer, EdnsIsAnsweredWithEdns) {
  Message query = ask("web.default.svc.cluster.internal", Type::a);
  EXPECT_FALSE(reply(query).edns);
  query.edns = Edns{4096, 0, true, {0, 10, 0, 2, 1, 2}};
  const Message got = reply(query);
  EXPECT_EQ(got.edns, (Edns{kUdpPayloadOctets, 0, true, {}}));
  EXPECT_EQ(describe(got), "NOERROR aa A 10.96.0.7 5");
  query.edns->version = 1;
  const Message refused = reply(query);
  EXPECT_EQ(describe(refused), "BADVERS");
  EXPECT_EQ(refused.edns->version, 0);
  query = ask("www.example.com", Type::a);
  query.edns = Edns{};
  EXPECT_TRUE(reply(query).edns);
}

TEST(Answer, APayloadBelowTheFloorMeansTheFloor) {
  const std::string label(63, 'x');
  const std::string name = label + "." + label + "." + label + ".default.svc.cluster.internal";
  Message query = ask(name.c_str(), Type::a);
  query.edns = Edns{0, 0, false, {}};
  const Message got = reply(query);
  EXPECT_FALSE(got.header.truncated);
  EXPECT_EQ(describe(got), "NXDOMAIN aa no cluster.internal. 5 5");
}

TEST(Answer, OtherClassesAndOpcodesAreNotOurs) {
  Message query = ask("version.bind", Type::txt);
  query.questions[0].klass = Class::chaos;
  EXPECT_EQ(describe(reply(query)), "REFUSED");
  query = ask("web.default.svc.cluster.internal", Type::a);
  query.questions[0].klass = Class::any;
  EXPECT_EQ(describe(reply(query)), "REFUSED");
  for (const Opcode opcode : {Opcode{1}, Opcode::status, Opcode::notify, Opcode::update, Opcode{15}}) {
    query = ask("cluster.internal", Type::soa);
    query.header.opcode = opcode;
    EXPECT_EQ(describe(reply(query)), "NOTIMP");
    EXPECT_EQ(reply(query).header.opcode, opcode);
  }
}

TEST(Answer, ExactlyOneQuestion) {
  Message query = ask("web.default.svc.cluster.internal", Type::a);
  query.questions.clear();
  EXPECT_EQ(describe(reply(query)), "FORMERR");
  query.questions.assign(2, ask("web.default.svc.cluster.internal", Type::a).questions[0]);
  EXPECT_EQ(describe(reply(query)), "FORMERR");
}

TEST(Answer, AMalformedQueryIsToldSoWithItsId) {
  Bytes octets = encode(ask("web.default.svc.cluster.internal", Type::a)).value();
  octets.pop_back();
  const Reply got = reply_to(octets, &zone());
  EXPECT_EQ(got.outcome, Outcome::malformed);
  const Message message = decode(got.octets.value()).value();
  EXPECT_EQ(message.header.id, 0xbeef);
  EXPECT_EQ(message.header.rcode, Rcode::formerr);
  EXPECT_TRUE(message.questions.empty());
}

TEST(Answer, SaysNothingToResponsesScrapsAndBeforeTheZoneIsLoaded) {
  Message query = ask("web.default.svc.cluster.internal", Type::a);
  const Reply early = reply_to(encode(query).value(), nullptr);
  EXPECT_EQ(early.outcome, Outcome::unready);
  EXPECT_FALSE(early.octets);
  query.header.response = true;
  const Reply echo = reply_to(encode(query).value(), &zone());
  EXPECT_EQ(echo.outcome, Outcome::ignored);
  EXPECT_FALSE(echo.octets);
  const Reply scrap = reply_to(Bytes(11), &zone());
  EXPECT_EQ(scrap.outcome, Outcome::malformed);
  EXPECT_FALSE(scrap.octets);
}

}  // namespace
}  // namespace fairlead::dns
