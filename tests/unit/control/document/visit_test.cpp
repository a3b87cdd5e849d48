// SPDX-License-Identifier: Apache-2.0
// The visitors on a small type of their own: what a description can say, and
// what readers of users' and of programs' documents make of it.
#include "control/document/visit.h"

#include <gtest/gtest.h>

namespace fairlead::document {

struct Wheel {
  std::uint32_t spokes = 32;
  bool operator==(const Wheel&) const = default;
};

struct Cart {
  std::string name;
  std::uint32_t load = 0;
  std::vector<Wheel> wheels;
  std::optional<Wheel> spare;
  bool operator==(const Cart&) const = default;
};

template <class V>
void fields(V& v, typename V::template Ref<Wheel> o) {
  v.field("spokes", o.spokes, Number<std::uint32_t>{}, Rule::always);
}

template <class V>
void fields(V& v, typename V::template Ref<Cart> o) {
  v.field("name", o.name, Text{}, Rule::required);
  v.field("load", o.load, Number<std::uint32_t>{});
  v.list("wheels", o.wheels);
  v.object("spare", o.spare);
  v.later({{"engine", "engines"}});
}

namespace {

std::vector<std::string> told(std::string_view json, Reader::Strictness strictness, Cart& cart) {
  Reader reader(strictness);
  reader.read(parse_json(json).value(), cart);
  std::vector<std::string> lines;
  for (const Diagnostic& d : reader.diagnostics()) lines.push_back(format(d));
  return lines;
}

TEST(Writer, LeavesZerosOutUnlessAlwaysShown) {
  EXPECT_EQ(format_json(Writer::write(Cart{"a", 0, {Wheel{0}}, {}})),
            R"({"name":"a","wheels":[{"spokes":0}]})");
  EXPECT_EQ(format_json(Writer::write(Cart{"a", 3, {}, Wheel{}})),
            R"({"name":"a","load":3,"spare":{"spokes":32}})");
}

TEST(Reader, ReadsWhatTheWriterWrote) {
  const Cart cart{"a", 3, {Wheel{1}, Wheel{}}, Wheel{2}};
  Cart back;
  EXPECT_TRUE(told(format_json(Writer::write(cart)), Reader::Strictness::users, back).empty());
  EXPECT_EQ(back, cart);
}

TEST(Reader, UsersAreToldEverything) {
  Cart cart;
  EXPECT_EQ(
      told(R"({"load": "x", "wheels": [{"spoke": 1}, 7], "engine": {}})", Reader::Strictness::users, cart),
      (std::vector<std::string>{
          "1:1: name: is missing. Add it",
          "1:10: load: \"x\" is not a whole number. Write digits only, like 3",
          "1:27: wheels.spoke: is not a field here. Did you mean spokes?",
          "1:40: wheels: 7 needs fields. Write {name: value}",
          "1:44: engine: needs engines, which this version does not have. Remove it",
      }));
}

TEST(Reader, ProgramsDocumentsMayBeNewerOrOlder) {
  Cart cart;
  EXPECT_TRUE(
      told(R"({"colour": "red", "engine": {}, "load": 2})", Reader::Strictness::programs, cart).empty());
  EXPECT_EQ(cart.load, 2U);
}

}  // namespace
}  // namespace fairlead::document
