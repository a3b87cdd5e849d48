// SPDX-License-Identifier: Apache-2.0
// Answers against what they were made from: for every name of a zone, and names
// beside them, in any case, every type's answer says exactly what the content
// holds; the way in place and the way by messages say the same; and a message
// with any one octet changed, or cut anywhere, gets an answer that is a message.
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "tests/support/random_names.h"
#include "tests/unit/control/dns/asked.h"
#include "tests/unit/control/dns/sample.h"

namespace fairlead::dns {
namespace {

std::multiset<std::string> data_of(const Message& message) {
  std::multiset<std::string> all;
  for (const Record& record : message.answers) all.insert(describe(record));
  return all;
}

std::multiset<std::string> data_of(const Owner* owner, Type type) {
  std::multiset<std::string> all;
  const Rrset* set = owner != nullptr ? owner->find(type) : nullptr;
  if (set == nullptr) return all;
  for (const std::string& data : set->data)
    all.insert(format(type) + " " + (type == Type::soa ? "0" : format_data(type, data)) + " " +
               std::to_string(set->ttl));
  return all;
}

TEST(Answers, SayWhatTheContentHolds) {
  std::mt19937 dice(11);
  int questions = 0;
  for (int round = 0; round < 20; ++round) {
    const Zone zone =
        Zone::build(test::random_content(dice), {.net = 1, .dns4 = {}, .dns6 = {}, .seed = dice()}).value();
    std::set<std::string> names;
    for (const auto& [name, owner] : zone.content().owners()) {
      names.insert(name);
      names.insert(wire({"d"}, name));
    }
    for (const std::string& name : names)
      for (const Type type : {Type::a, Type::aaaa, Type::srv, Type::ptr, Type::txt, Type::soa, Type::mx}) {
        Message query;
        query.header.id = static_cast<std::uint16_t>(dice());
        query.questions = {{test::with_case(name, dice), type, Class::in}};
        if (dice() % 2 == 0) query.edns = Edns{4096, 0, dice() % 2 == 0, {}};
        const auto octets = encode(query).value();
        const Message in_place =
            decode(reply_to(octets, &zone, Transport::tcp, dice()).octets.value()).value();
        const Message by_message = decode(encode(answer(query, zone, dice()).message).value()).value();
        const Owner* owner = zone.content().find(name);
        ASSERT_EQ(in_place.header.rcode, owner != nullptr ? Rcode::noerror : Rcode::nxdomain);
        ASSERT_EQ(data_of(in_place), data_of(owner, type));
        ASSERT_EQ(data_of(by_message), data_of(in_place));
        ASSERT_EQ(in_place.header, by_message.header);
        ASSERT_EQ(in_place.questions, query.questions);
        ASSERT_EQ(in_place.edns, by_message.edns);
        ASSERT_EQ(in_place.authorities, by_message.authorities);
        ASSERT_EQ(in_place.authorities.size(), in_place.answers.empty() ? 1U : 0U);
        ASSERT_EQ(in_place.additionals.size(), by_message.additionals.size());
        ++questions;
      }
  }
  std::cout << questions << " questions\n";
  EXPECT_GT(questions, 10000);
}

Zone zone_of_addresses(std::uint32_t count) {
  Content content;
  Soa soa;
  soa.primary = soa.mailbox = Name::parse("a.test").value();
  content.add_zone(soa.primary.folded(), soa, 5);
  for (std::uint32_t i = 0; i < count; ++i)
    content.add(Name::parse("x.a.test").value().folded(), Type::a, 5, address_data(IpAddress::v4(i)));
  return Zone::build(std::move(content)).value();
}

// Each address is as often in each place as any other: a client that takes the first loads all alike, and one
// that goes on to the next when the first is dead does not load a neighbour.
TEST(Answers, AreShuffledUniformly) {
  constexpr int kAddresses = 5, kAsked = 20000;
  const Zone zone = zone_of_addresses(kAddresses);
  std::map<std::vector<std::uint32_t>, int> seen;
  const auto query = encode(query_for("x.a.test", Type::a)).value();
  std::mt19937_64 dice(3);
  for (int i = 0; i < kAsked; ++i) {
    const Message got = decode(reply_to(query, &zone, Transport::udp, dice()).octets.value()).value();
    std::vector<std::uint32_t> order;
    for (const Record& record : got.answers)
      order.push_back(std::get<IpAddress>(record.data).v4_host_order());
    ++seen[order];
  }
  constexpr int kOrders = 120;
  EXPECT_EQ(seen.size(), kOrders);
  double chi = 0;
  for (const auto& [order, times] : seen)
    chi += std::pow(times - double{kAsked} / kOrders, 2) / (double{kAsked} / kOrders);
  EXPECT_LT(chi, 181) << "of 119 degrees of freedom: one in 5,000 by chance";
}

// Too many for UDP: as many whole records as fit, said so, and over TCP all of them.
TEST(Answers, AreNeverPartialInSilence) {
  for (const std::uint32_t count : {29U, 30U, 31U, 77U, 200U, 255U, 256U, 1000U}) {
    const Zone zone = zone_of_addresses(count);
    Message query = query_for("x.a.test", Type::a);
    for (const std::uint16_t payload : std::initializer_list<std::uint16_t>{0, 512, 1232, 4096}) {
      query.edns = payload == 0 ? std::nullopt : std::optional(Edns{payload, 0, false, {}});
      const auto octets = reply_to(encode(query).value(), &zone).octets.value();
      const Message got = decode(octets).value();
      EXPECT_LE(octets.size(), payload <= 512 ? 512U : 1232U);
      EXPECT_EQ(got.header.truncated, got.answers.size() < count);
      EXPECT_GE(got.answers.size(), std::min<std::size_t>(count, 15));
      const Message all =
          decode(reply_to(encode(query).value(), &zone, Transport::tcp).octets.value()).value();
      EXPECT_FALSE(all.header.truncated);
      EXPECT_EQ(all.answers.size(), count);
    }
  }
}

// What a message is taken for in place is what the codec takes it for.
TEST(Queries, CutAndChangedAnywhereAreAnsweredOrDropped) {
  const Zone zone = Zone::compile(sample_snapshot()).value();
  Message query = query_for("_http._tcp.web.default.svc.cluster.internal", Type::srv);
  query.edns = Edns{1232, 0, false, {}};
  const auto whole = encode(query).value();
  int cases = 0;
  const auto check = [&](const Bytes& octets) {
    const Reply reply = reply_to(octets, &zone);
    const auto asked = decode(octets);
    ++cases;
    if (octets.size() < kHeaderOctets || (octets[2] & 0x80) != 0) {
      EXPECT_FALSE(reply.octets);
      return;
    }
    ASSERT_TRUE(reply.octets);
    const auto got = decode(*reply.octets);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->header.id, octets[0] << 8 | octets[1]);
    const bool readable = asked && asked->questions.size() == 1 && asked->header.opcode == Opcode::query;
    if (readable)
      EXPECT_EQ(Name::fold(describe(*got)),
                Name::fold(describe(decode(encode(answer(*asked, zone).message).value()).value())));
    else
      EXPECT_TRUE(got->header.rcode == Rcode::formerr || got->header.rcode == Rcode::notimp);
  };
  for (std::size_t length = 0; length <= whole.size(); ++length)
    check(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
  for (std::size_t at = 2; at < whole.size(); ++at)
    for (unsigned value = 0; value < 256; ++value) {
      Bytes changed = whole;
      changed[at] = static_cast<std::uint8_t>(value);
      check(changed);
    }
  std::cout << cases << " messages\n";
}

}  // namespace
}  // namespace fairlead::dns
