// SPDX-License-Identifier: Apache-2.0
// The tc program's answers against the name server's: for the same question and
// the same names, the same octets; and around them headers as any host would
// take them, whose sums somebody else adds up. What the program does not answer
// it leaves as it came, for the reason that it counts.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <map>
#include <random>

#include "control/dns/answer.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "ebpf/loader/names/node_names.h"
#include "tests/packet/kernel.h"
#include "tests/packet/test_run.h"
#include "tests/support/counts.h"
#include "tests/support/must.h"
#include "tests/support/random_names.h"

namespace fairlead::test {
namespace {

using dns::Zone;

constexpr std::uint32_t kNet = 5;
constexpr std::uint64_t kRandom = 0x1234567890abcdef;
constexpr MacAddress kPodMac{{2, 0, 0, 0, 0, 9}};
constexpr std::size_t kEthernet = 14, kUdp = 8;

const IpAddress kPod4 = *IpAddress::parse("10.244.0.9"), kPod6 = *IpAddress::parse("fd00:244::9");
const IpAddress kDns4 = *IpAddress::parse("10.96.0.10"), kDns6 = *IpAddress::parse("fd00:96::a");

model::TableImage tables() {
  model::ForwardingState state;
  state.self.number = 1;
  state.self.vtep = *IpAddress::parse("192.0.2.1");
  state.self.uplink_ifindex = 7;
  state.vteps.push_back({1, state.self.vtep, true, 0});
  state.networks.push_back({kNet, 4097, {}, 0, model::NetworkMode::vxlan});
  model::Link link;
  link.ifindex = kTestLink;
  link.network = kNet;
  link.mac = kPodMac;
  link.ipv4 = kPod4;
  link.ipv6 = kPod6;
  state.links.push_back(link);
  return must(model::lower(state, {}));
}

// The sum of RFC 1071 over the pieces, one octet at a time: 0xffff when it is right.
std::uint32_t sum_of(std::initializer_list<std::span<const std::uint8_t>> pieces) {
  std::uint32_t sum = 0;
  std::size_t at = 0;
  for (const auto piece : pieces)
    for (const std::uint8_t octet : piece) sum += at++ % 2 == 0 ? octet * 256U : octet;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

void append16(Bytes& to, std::size_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

void append(Bytes& to, const IpAddress& address) {
  to.insert(to.end(), address.bytes.begin() + (address.is_v4() ? 12 : 0), address.bytes.end());
}

// A datagram from the pod to its name server.
Bytes asking(std::span<const std::uint8_t> query, bool v4, std::uint16_t port) {
  const MacAddress gateway = model::Self{}.gateway_mac;
  Bytes packet(gateway.bytes.begin(), gateway.bytes.end());
  packet.insert(packet.end(), kPodMac.bytes.begin(), kPodMac.bytes.end());
  append16(packet, v4 ? 0x0800 : 0x86dd);
  if (v4) {
    packet.insert(packet.end(), {0x45, 0});
    append16(packet, 20 + kUdp + query.size());
    packet.insert(packet.end(), {0x77, 0x01, 0x40, 0, 63, 17, 0, 0});
  } else {
    packet.insert(packet.end(), {0x60, 0, 0, 0});
    append16(packet, kUdp + query.size());
    packet.insert(packet.end(), {17, 63});
  }
  append(packet, v4 ? kPod4 : kPod6);
  append(packet, v4 ? kDns4 : kDns6);
  append16(packet, port);
  append16(packet, 53);
  append16(packet, kUdp + query.size());
  append16(packet, 0x1111);  // as a veth brings it: unfinished
  packet.insert(packet.end(), query.begin(), query.end());
  return packet;
}

struct House {
  std::unique_ptr<ebpf::NodeDataplane> dataplane =
      must(ebpf::NodeDataplane::open({.pins = {}, .fixed_now = 1000, .fixed_random = kRandom}));
  ebpf::NodeNames names = must(ebpf::NodeNames::open(*dataplane, 99));

  House() { EXPECT_TRUE(dataplane->apply(model::diff({}, tables()))); }

  model::Published publish(const Zone& zone) { return names.publisher().publish(zone.network_names()); }

  std::map<std::string, std::uint64_t> counts() const {
    std::map<std::string, std::uint64_t> all;
    for (const ebpf::NameCount& count : must(names.counts())) all[count.name] = count.queries;
    return all;
  }

  // What goes back into the pod's link; none: the packet went on.
  std::optional<Bytes> ask(const Bytes& packet) const {
    Bytes out;
    bpf_test_run_opts options = test_run_of(packet, out);
    out.resize(4096);
    options.data_out = out.data();
    options.data_size_out = 4096;
    test_run(dataplane->program_fd(false), options);
    out.resize(options.data_size_out);
    if (options.retval != TC_ACT_REDIRECT) return std::nullopt;
    return out;
  }
};

// Headers of the answer to `packet`; its payload.
Bytes payload_of(const Bytes& packet, const Bytes& answer, bool v4) {
  const std::size_t l3 = kEthernet, l4 = l3 + (v4 ? 20U : 40U), addresses = v4 ? 4U : 16U;
  const std::size_t at = l4 - 2 * addresses;
  const std::span<const std::uint8_t> all = answer;
  EXPECT_GE(answer.size(), l4 + kUdp);
  EXPECT_TRUE(std::ranges::equal(all.first(6), kPodMac.bytes));
  EXPECT_TRUE(
      std::ranges::equal(all.subspan(at, addresses), std::span(packet).subspan(at + addresses, addresses)));
  EXPECT_TRUE(
      std::ranges::equal(all.subspan(at + addresses, addresses), std::span(packet).subspan(at, addresses)));
  EXPECT_TRUE(std::ranges::equal(all.subspan(l4, 2), std::span(packet).subspan(l4 + 2, 2)));
  EXPECT_TRUE(std::ranges::equal(all.subspan(l4 + 2, 2), std::span(packet).subspan(l4, 2)));
  const std::size_t length = answer[l4 + 4] * 256U + answer[l4 + 5];
  EXPECT_EQ(length, answer.size() - l4);
  if (v4) {
    EXPECT_EQ(sum_of({all.subspan(l3, 20)}), 0xffffU);
    EXPECT_EQ(answer[l3 + 2] * 256U + answer[l3 + 3], answer.size() - l3);
    EXPECT_EQ(answer[l4 + 6] + answer[l4 + 7], 0);
  } else {
    Bytes pseudo;
    append16(pseudo, 0);
    append16(pseudo, length);
    append16(pseudo, 0);
    append16(pseudo, 17);
    EXPECT_EQ(sum_of({all.subspan(at, 32), pseudo, all.subspan(l4)}), 0xffffU);
    EXPECT_EQ(answer[l3 + 4] * 256U + answer[l3 + 5], length);
  }
  return {answer.begin() + static_cast<std::ptrdiff_t>(l4 + kUdp), answer.end()};
}

dns::Message random_query(const std::vector<std::string>& names, std::mt19937& dice) {
  using dns::Type;
  const Type types[] = {Type::a,   Type::aaaa, Type::srv, Type::ptr, Type::a, Type::aaaa,
                        Type::srv, Type::txt,  Type::soa, Type::any, Type{65}};
  dns::Message query;
  query.header.id = static_cast<std::uint16_t>(dice());
  query.header.recursion_desired = dice() % 2 == 0;
  query.header.checking_disabled = dice() % 8 == 0;
  std::string name = names[dice() % names.size()];
  if (dice() % 4 == 0 && name.size() < 200) name = dns::wire({"d"}, name);
  if (dice() % 16 == 0) name = dns::Name::parse("www.example.com").value().folded();
  query.questions = {{with_case(name, dice), types[dice() % std::size(types)], dns::Class::in}};
  if (dice() % 32 == 0) query.questions[0].klass = dns::Class::chaos;
  if (dice() % 2 == 0) {
    query.edns =
        dns::Edns{static_cast<std::uint16_t>(dice() % 2 == 0 ? 1232 : dice() % 2000), 0, dice() % 2 == 0, {}};
    if (dice() % 16 == 0) query.edns->version = 1;
    if (dice() % 16 == 0) query.edns->options = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
  }
  return query;
}

class KernelNames : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  }
};

TEST_F(KernelNames, AreTheServersToTheOctet) {
  std::mt19937 dice(17);
  House house;
  std::map<std::string, int> seen;
  int answered = 0;
  const int questions = counted(100'000, 2'000'000);
  for (int i = 0; i < questions;) {
    const Zone zone = must(Zone::build(
        random_content(dice),
        {.net = kNet, .dns4 = kDns4, .dns6 = kDns6, .recurses = dice() % 2 == 0, .seed = dice()}));
    ASSERT_EQ(house.publish(zone).left_out, 0U);
    std::vector<std::string> names;
    for (const auto& [name, owner] : zone.content().owners()) names.push_back(name);
    for (int j = 0; j < 2000; ++j, ++i) {
      Bytes query = dns::encode(random_query(names, dice)).value();
      if (dice() % 8 == 0) query[2 + dice() % (query.size() - 2)] = static_cast<std::uint8_t>(dice());
      if (dice() % 32 == 0) query.resize(12 + dice() % (query.size() - 12));
      const bool v4 = dice() % 2 == 0;
      const Bytes packet = asking(query, v4, static_cast<std::uint16_t>(1024 + dice() % 60000));
      const std::string why(dns::why_not_from_table(query, zone));
      const auto before = house.counts();
      const auto got = house.ask(packet);
      const auto after = house.counts();
      ++seen[why];
      ASSERT_EQ(got.has_value(), why.empty()) << why;
      if (!why.empty()) {
        ASSERT_EQ(after.at(why), before.at(why) + 1) << why;
        continue;
      }
      const dns::Reply expected = dns::reply_to(query, &zone, dns::Transport::udp, kRandom);
      ASSERT_EQ(payload_of(packet, *got, v4), expected.octets);
      ++answered;
    }
  }
  std::cout << questions << " questions, " << answered << " answered";
  for (const auto& [why, times] : seen) std::cout << ", " << (why.empty() ? "answered" : why) << " " << times;
  std::cout << "\n";
  EXPECT_GT(answered, questions / 3);
  for (const char* why : {"TYPE", "FOREIGN", "CLASS", "TOO_LARGE", "OPTIONS", "VERSION", "MALFORMED",
                          "RESPONSE", "QUESTIONS", "OPCODE", "RECORDS"})
    EXPECT_GT(seen[why], 0) << why;
}

}  // namespace
}  // namespace fairlead::test
