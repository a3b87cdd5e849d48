// SPDX-License-Identifier: Apache-2.0
#include "control/document/scalars.h"

#include <gtest/gtest.h>

namespace fairlead::document {
namespace {

Value plain(std::string text) { return Value::scalar(Value::Type::plain, std::move(text)); }

TEST(Cpu, CoresWithThreeDecimals) {
  for (const auto& [text, milli] : std::vector<std::pair<std::string, std::uint32_t>>{
           {"0.25", 250}, {"2", 2000}, {"0.001", 1}, {"1.5", 1500}, {"0.10", 100}, {"4.000", 4000}})
    EXPECT_EQ(Cpu::read(plain(text)).value_or(9), milli) << text;
  for (const char* text :
       {"", ".5", "1.", "1.2345", "-1", "1e3", "00.5", "0x1", "1,5", "99999999", "half", "1.5.5"})
    EXPECT_FALSE(Cpu::read(plain(text)).has_value()) << text;
  EXPECT_EQ(format_cpu(250), "0.25");
  EXPECT_EQ(format_cpu(1001), "1.001");
  EXPECT_EQ(format_cpu(0), "0");
}

TEST(Memory, UnitsOf1024) {
  for (const auto& [text, bytes] : std::vector<std::pair<std::string, std::uint64_t>>{
           {"64MiB", 64ULL << 20}, {"1000B", 1000}, {"0B", 0}, {"3KiB", 3072}, {"1024TiB", 1ULL << 50}})
    EXPECT_EQ(Memory::read(plain(text)).value_or(9), bytes) << text;
  for (const char* text :
       {"", "64", "64MB", "64mib", "-1MiB", "1.5GiB", "1025TiB", "99999999999999999999MiB", "MiB", "064MiB"})
    EXPECT_FALSE(Memory::read(plain(text)).has_value()) << text;
  EXPECT_EQ(format_memory(64ULL << 20), "64MiB");
  EXPECT_EQ(format_memory(1000), "1000B");
  EXPECT_EQ(format_memory(0), "0B");
}

TEST(Memory, EveryAmountComesBack) {
  for (std::uint64_t bytes = 1; bytes < (1ULL << 50); bytes = bytes * 3 + 1)
    EXPECT_EQ(Memory::read(Memory::write(bytes)).value_or(0), bytes) << bytes;
}

TEST(Number, ReadsDigitsOnly) {
  EXPECT_EQ(Number<std::uint16_t>::read(plain("65535")).value_or(0), 65535);
  EXPECT_EQ(Number<std::int32_t>::read(plain("-1")).value_or(0), -1);
  EXPECT_EQ(Wide::read(Value::string("18446744073709551615")).value_or(0), ~std::uint64_t{0});
  for (const char* text : {"", "+1", "010", "1.0", "1e1", "0x1", " 1", "1 ", "1_000", "65536"})
    EXPECT_FALSE(Number<std::uint16_t>::read(plain(text)).has_value()) << text;
}

TEST(Boolean, TrueAndFalseOnly) {
  EXPECT_EQ(Boolean::read(plain("true")).value_or(false), true);
  EXPECT_EQ(Boolean::read(plain("false")).value_or(true), false);
  for (const char* text : {"yes", "no", "on", "True", "1", ""})
    EXPECT_FALSE(Boolean::read(plain(text)).has_value()) << text;
  EXPECT_FALSE(Boolean::read(Value::string("true")).has_value()) << "in quotes it is a text";
}

TEST(Text, IsNeitherNumberNorFlagInJson) {
  EXPECT_FALSE(read_text(Value::number("3")).has_value());
  EXPECT_FALSE(read_text(Value::scalar(Value::Type::boolean, "true")).has_value());
  EXPECT_FALSE(read_text(Value{}).has_value());
  EXPECT_FALSE(read_text(Value::string(std::string("a\0b", 3))).has_value());
  EXPECT_EQ(read_text(plain("no")).value_or(""), "no");
}

}  // namespace
}  // namespace fairlead::document
