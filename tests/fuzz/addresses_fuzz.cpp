// SPDX-License-Identifier: Apache-2.0
// The small texts that people and peers write: addresses, prefixes, MACs, where
// control is, durations and times. Refused, or a value whose printed form reads
// as the same value; and a loopback host is never one that could be resolved
// to somewhere else.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/ip.h"
#include "base/time.h"
#include "control/net/address.h"

using namespace fairlead;

namespace {

template <class Parse, class Format>
void comes_back(std::string_view text, Parse parse, Format format_value) {
  const auto value = parse(text);
  if (!value) {
    FL_CHECK(!value.error().reason.empty(), text);
    return;
  }
  FL_CHECK(text.find('\0') == std::string_view::npos, text);  // C functions would read half of it
  const auto again = parse(format_value(*value));
  FL_CHECK(again && *again == *value, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto print = [](const auto& value) { return format(value); };
  comes_back(text, IpAddress::parse, print);
  comes_back(text, Prefix::parse, print);
  comes_back(text, MacAddress::parse, print);
  comes_back(text, net::parse_tcp_endpoint, print);
  comes_back(text, net::ServerAddress::parse, print);
  comes_back(text, parse_duration, format_duration);
  comes_back(text, parse_time, format_time);
  FL_CHECK(!net::is_loopback(text) || text == "localhost" || IpAddress::parse(text), text);
  return 0;
}
