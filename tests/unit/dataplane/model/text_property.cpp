// SPDX-License-Identifier: Apache-2.0
// Law: parse(format(s)) == s, for states of every kind, valid or not.
#include <cstdio>
#include <gtest/gtest.h>

#include "dataplane/model/text.h"
#include "dataplane/model/validate.h"
#include "tests/unit/dataplane/model/random_state.h"

namespace fairlead::model {
namespace {

TEST(Text, ParseOfFormatIsTheSameState) {
  constexpr std::uint64_t kSeeds = 200;
  constexpr int kSteps = 20;
  std::size_t states = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomState random(seed);
    for (int step = 0; step < kSteps; ++step, ++states) {
      const auto valid = validate(random.state());
      ASSERT_TRUE(valid) << "seed " << seed << " step " << step << ": " << format(valid.error());
      const auto again = parse(format(random.state()));
      ASSERT_TRUE(again) << "seed " << seed << ": " << format(again.error());
      ASSERT_EQ(*again == random.state(), true) << "seed " << seed << " step " << step;
      random.step();
    }
  }
  std::printf("%zu states\n", states);
}

// Every field far from what it usually is, and no rule kept but the types'.
TEST(Text, KeepsEveryFieldOfStatesThatAreNotValid) {
  std::mt19937_64 random(11);
  const auto u8 = [&] { return static_cast<std::uint8_t>(random()); };
  const auto u16 = [&] { return static_cast<std::uint16_t>(random()); };
  const auto u32 = [&] { return static_cast<std::uint32_t>(random()); };
  const auto flip = [&] { return random() % 2 == 1; };
  const auto ip = [&] {
    if (random() % 4 == 0) return IpAddress{};
    IpAddress address = IpAddress::v4(u32());
    if (flip())
      for (auto& octet : address.bytes) octet = u8();
    return address;
  };
  const auto mac = [&] { return MacAddress{{u8(), u8(), u8(), u8(), u8(), u8()}}; };
  constexpr int kStates = 5000;
  for (int i = 0; i < kStates; ++i) {
    ForwardingState s;
    s.self = {u16(), ip(), u32(), u32(), u16(), u16(), mac(), random(), random()};
    s.networks = {{u32(),
                   u32(),
                   {Prefix{IpAddress::v4(u32() & 0xffff0000), 16}, Prefix{ip(), 128}},
                   u32(),
                   flip() ? NetworkMode::native : NetworkMode::vxlan}};
    if (s.networks[0].prefixes[1].address.is_v4()) s.networks[0].prefixes[1].length = 32;
    s.vteps = {{u16(), ip(), flip(), u32()}, {u16(), ip(), flip(), 0}};
    s.links = {{u32(), u32(), u32(), mac(), flip(), ip(), ip(), ip(), ip()}};
    s.endpoints = {{u32(), ip(), u16(), u32(), u32(), u32(), mac(), flip()}};
    s.services = {
        {u32(), ip(), {{u8(), u16(), {{ip(), u16(), u32(), mac()}, {ip(), u16(), u32(), {}}}, flip()}}},
        {u32(), ip(), {}}};
    normalize(s);
    const auto again = parse(format(s));
    ASSERT_TRUE(again) << format(again.error()) << "\n" << format(s);
    ASSERT_EQ(*again == s, true) << format(s);
  }
  std::printf("%d states\n", kStates);
}

}  // namespace
}  // namespace fairlead::model
