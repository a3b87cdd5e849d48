// SPDX-License-Identifier: Apache-2.0
#include "control/dns/message.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <random>

namespace fairlead::dns {
namespace {

Bytes octets(std::string_view text) { return Bytes(text.begin(), text.end()); }

Bytes header(unsigned questions, unsigned answers = 0) {
  return {
      0x12, 0x34, 0x01, 0x00, 0, static_cast<std::uint8_t>(questions), 0, static_cast<std::uint8_t>(answers),
      0,    0,    0,    0};
}

Bytes with(Bytes head, std::string_view tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

using namespace std::string_view_literals;

TEST(Name, ReadsAndPrints) {
  EXPECT_EQ(format(*Name::parse("Web.default.svc")), "Web.default.svc.");
  EXPECT_EQ(format(*Name::parse("web.")), "web.");
  EXPECT_EQ(format(*Name::parse(".")), ".");
  EXPECT_EQ(Name::parse("wEb.Default")->folded(), Name::parse("web.default")->wire());
  EXPECT_NE(*Name::parse("wEb"), *Name::parse("web"));
  Name odd;
  ASSERT_TRUE(odd.append("a.b\\\x01\xff"));
  EXPECT_EQ(format(odd), "a\\046b\\092\\001\\255.");
}

TEST(Name, HoldsItsLimits) {
  const std::string label63(63, 'a'), label61(61, 'b');
  const std::string longest = label63 + "." + label63 + "." + label63 + "." + label61;
  EXPECT_EQ(Name::parse(longest)->wire().size(), kMaxNameOctets);
  for (const std::string& bad : {std::string(), std::string(64, 'a'), longest + "b", std::string("a..b"),
                                 std::string(".a"), std::string("..")})
    EXPECT_FALSE(Name::parse(bad)) << bad;
  Name name = *Name::parse(label63 + "." + label63);
  EXPECT_FALSE(name.append(*Name::parse(label63 + "." + label63)));
  EXPECT_EQ(name, *Name::parse(label63 + "." + label63));
}

TEST(Decode, ReadsAQuestionAndItsFlags) {
  const auto message = decode(with(header(1), "\3web\0\0\x1c\0\1"sv));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->header.id, 0x1234);
  EXPECT_TRUE(message->header.recursion_desired);
  EXPECT_FALSE(message->header.response);
  ASSERT_EQ(message->questions.size(), 1U);
  EXPECT_EQ(message->questions[0], (Question{*Name::parse("web"), Type::aaaa, Class::in}));
}

TEST(Decode, FollowsPointersBack) {
  const auto message =
      decode(with(header(1, 1), "\3web\3svc\0\0\1\0\1\1x\xc0\x10\0\1\0\1\0\0\0\5\0\4\x0a\x60\0\7"sv));
  ASSERT_TRUE(message) << format(message.error());
  EXPECT_EQ(format(message->answers[0].name), "x.svc.");
  EXPECT_EQ(std::get<IpAddress>(message->answers[0].data), *IpAddress::parse("10.96.0.7"));
  EXPECT_EQ(message->answers[0].ttl, 5U);
}

struct Malformed {
  const char* what;
  Bytes octets;
  const char* reason;
};

TEST(Decode, RefusesWhateverIsNoMessage) {
  const std::string long_labels = "\x3f" + std::string(63, 'a');
  const std::string name252 = long_labels + long_labels + long_labels + "\x3b" + std::string(59, 'b');
  const Malformed cases[] = {
      {"empty", {}, "ends early"},
      {"eleven octets", octets("abcdefghijk"), "shorter than its header"},
      {"no question behind the count", header(1), "counts more questions"},
      {"label past the end", with(header(1), "\7web\0\0\1"sv), "runs past the end"},
      {"name without end", with(header(1), "\4webs\1a"sv), "runs past the end"},
      {"label of 64", with(header(1), "\x40" + std::string(64, 'a') + "\0\0\1\0\1"), "unknown kind"},
      {"pointer to itself", with(header(1), "\xc0\x0c\0\1\0\1"sv), "does not lead back"},
      {"pointer forward", with(header(1), "\xc0\x0e\3web\0\0\1\0\1"sv), "does not lead back"},
      {"pointer into its own labels", with(header(1), "\1a\xc0\x0c\0\1\0\1"sv), "does not lead back"},
      {"pointer into the header", with(header(1), "\1a\xc0\4\0\1\0\1"sv), "does not lead back"},
      {"half a pointer", with(header(1), "\4webs\xc0"sv), "half a compression pointer"},
      {"name of 256", with(header(1), name252 + std::string("\1c\1d\0\0\1\0\1", 9)), "over 255"},
      {"half a type", with(header(1), "\3web\0\0"sv), "ends early"},
      {"more answers than octets", with(header(1, 9), "\3web\0\0\1\0\1"sv), "counts more records"},
      {"data past the end", with(header(0, 1), "\0\0\x10\0\1\0\0\0\0\0\5abc"sv), "runs past the end"},
      {"A of 3 octets", with(header(0, 1), "\0\0\1\0\1\0\0\0\0\0\3abc"sv), "ends early"},
      {"A of 5 octets", with(header(0, 1), "\0\0\1\0\1\0\0\0\0\0\5abcde"sv), "another length"},
      {"OPT as an answer", with(header(0, 1), "\0\0\x29\2\0\0\0\0\0\0\0"sv), "outside the additional"},
      {"octets left over", with(header(1), "\3web\0\0\1\0\1!"sv), "goes on after"},
  };
  for (const Malformed& c : cases) {
    const auto message = decode(c.octets);
    ASSERT_FALSE(message) << c.what;
    EXPECT_NE(message.error().reason.find(c.reason), std::string::npos)
        << c.what << ": " << message.error().reason;
  }
}

TEST(Encode, CompressesOnlyOntoTheSameCase) {
  Message message;
  message.questions = {{*Name::parse("Web.svc"), Type::a, Class::in}};
  message.answers = {{*Name::parse("Web.svc"), Type::a, Class::in, 5, *IpAddress::parse("10.0.0.1")},
                     {*Name::parse("web.svc"), Type::a, Class::in, 5, *IpAddress::parse("10.0.0.2")}};
  const Bytes wire = encode(message).value();
  EXPECT_EQ(wire.size(), 12 + (9 + 4) + (2 + 14) + (4 + 2 + 14));
  EXPECT_EQ(wire[25], 0xc0);
  EXPECT_EQ(wire[26], 0x0c);
  EXPECT_EQ(decode(wire).value(), message);
}

TEST(Encode, TruncatesWholeSectionsAndSaysSo) {
  Message message;
  message.header.response = true;
  message.questions = {{*Name::parse("web"), Type::a, Class::in}};
  message.edns = Edns{};
  for (unsigned i = 0; i < 40; ++i)
    message.answers.push_back({*Name::parse("web"), Type::a, Class::in, 5, IpAddress::v4(i)});
  const std::size_t full = encode(message).value().size();
  EXPECT_EQ(encode(message, full).value().size(), full);
  const auto cut = decode(encode(message, full - 1).value()).value();
  EXPECT_TRUE(cut.header.truncated);
  EXPECT_TRUE(cut.answers.empty());
  EXPECT_EQ(cut.questions, message.questions);
  EXPECT_EQ(cut.edns, message.edns);
  EXPECT_FALSE(encode(message, 20));
}

TEST(Encode, RefusesALargeRcodeWithoutOpt) {
  Message message;
  message.header.rcode = Rcode::badvers;
  EXPECT_FALSE(encode(message));
  message.edns = Edns{};
  EXPECT_EQ(decode(encode(message).value()).value(), message);
}

// A seeded generator of every message the types can hold.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Message message() {
    Message m;
    m.header = header();
    for (std::uint64_t n = below(3); n > 0; --n)
      m.questions.push_back({name(), static_cast<Type>(below(65536)), static_cast<Class>(below(65536))});
    for (auto* section : {&m.answers, &m.authorities, &m.additionals})
      for (std::uint64_t n = below(4); n > 0; --n) section->push_back(record());
    if (below(2) == 1)
      m.edns = Edns{static_cast<std::uint16_t>(random_()), static_cast<std::uint8_t>(random_()),
                    below(2) == 1, bytes()};
    if (m.edns) m.header.rcode = static_cast<Rcode>(below(4096));
    return m;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  std::uint32_t u32() { return static_cast<std::uint32_t>(random_()); }

  Bytes bytes() {
    Bytes some(below(20));
    for (auto& octet : some) octet = static_cast<std::uint8_t>(random_());
    return some;
  }

  Header header() {
    Header h;
    h.id = static_cast<std::uint16_t>(random_());
    h.opcode = static_cast<Opcode>(below(16));
    h.rcode = static_cast<Rcode>(below(16));
    for (bool* flag : {&h.response, &h.authoritative, &h.truncated, &h.recursion_desired,
                       &h.recursion_available, &h.authentic_data, &h.checking_disabled})
      *flag = below(2) == 1;
    return h;
  }

  // Few different labels, so that compression has much to do; now and then one of any octets.
  Name name() {
    Name n;
    for (std::uint64_t labels = below(5); labels > 0; --labels) {
      static constexpr std::array<std::string_view, 5> kLabels{"web", "WEB", "svc", "a", "cluster"};
      const Bytes any = bytes();
      if (below(8) == 0)
        n.append(std::string_view(reinterpret_cast<const char*>(any.data()), any.size()));
      else
        n.append(kLabels[below(kLabels.size())]);
    }
    return n;
  }

  Record record() {
    Record r{name(), Type::a, Class::in, u32(), {}};
    IpAddress address = IpAddress::v4(u32());
    switch (below(4)) {
      case 0:
        r.data = address;
        break;
      case 1:
        r.type = Type::aaaa;
        for (auto& octet : address.bytes) octet = static_cast<std::uint8_t>(random_());
        r.data = address;
        break;
      case 2:
        r.type = Type::soa;
        r.data = Soa{name(), name(), u32(), u32(), u32(), u32(), u32()};
        break;
      default:
        r.type = below(2) == 1 ? Type::txt : Type::a;
        if (r.type == Type::a) r.klass = Class::chaos;
        r.data = bytes();
    }
    return r;
  }

  std::mt19937_64 random_;
};

TEST(Codec, DecodeOfEncodeIsTheSameMessage) {
  constexpr std::uint64_t kCases = 20'000;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const Message message = Generator(seed).message();
    const auto wire = encode(message);
    ASSERT_TRUE(wire) << "seed " << seed;
    const auto again = decode(*wire);
    ASSERT_TRUE(again) << "seed " << seed << ": " << format(again.error());
    ASSERT_EQ(*again == message, true) << "seed " << seed;
  }
  std::printf("%llu messages\n", static_cast<unsigned long long>(kCases));
}

}  // namespace
}  // namespace fairlead::dns
