// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace fairlead {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t millis;
};
constexpr std::array<Unit, 4> kUnits{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kLongest = 366LL * 24 * 3'600'000;

std::unexpected<Error> bad_duration(std::string_view text, std::string reason) {
  return fail(Code::invalid, "duration \"" + std::string(text) + "\"", std::move(reason),
              "write a number and a unit: 250ms, 1s, 2m, 1h30m");
}

// A '0' of the shape is any digit; sscanf() alone takes signs and blanks for numbers.
bool has_shape(std::string_view text, std::string_view shape) {
  return std::ranges::equal(
      text, shape, [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  if (rest.empty()) return bad_duration(text, "is empty");
  while (!rest.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc{} || number < 0) return bad_duration(text, "is not a duration");
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::size_t length = std::min(rest.find_first_of("0123456789"), rest.size());
    const std::string_view name = rest.substr(0, length);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return bad_duration(text, "has an unknown, missing or misplaced unit");
    if (number > (kLongest - total) / kUnits[next_unit].millis)
      return bad_duration(text, "is longer than a year");
    total += number * kUnits[next_unit++].millis;
    rest.remove_prefix(length);
  }
  return Millis(total);
}

std::string format_duration(Millis duration) {
  std::int64_t left = duration.count();
  if (left == 0) return "0s";
  std::string text;
  for (const Unit& unit : kUnits) {
    if (left >= unit.millis) text += std::to_string(left / unit.millis) + std::string(unit.name);
    left %= unit.millis;
  }
  return text;
}

Result<WallTime> parse_time(std::string_view text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0;
  const std::string copy(text);
  const bool shaped = has_shape(text, "0000-00-00T00:00:00.000Z");
  const int got = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &y, &mo, &d, &h, &mi, &s, &ms);
  const std::chrono::year_month_day date{std::chrono::year(y), std::chrono::month(static_cast<unsigned>(mo)),
                                         std::chrono::day(static_cast<unsigned>(d))};
  if (!shaped || got != 7 || !date.ok() || h > 23 || mi > 59 || s > 59)
    return fail(Code::invalid, "time \"" + copy + "\"", "is not RFC 3339 in UTC with milliseconds",
                "write it as 2026-01-02T03:04:05.678Z");
  return std::chrono::sys_days(date) + std::chrono::hours(h) + std::chrono::minutes(mi) +
         std::chrono::seconds(s) + Millis(ms);
}

std::string format_time(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

Millis backoff(std::uint32_t failures, Millis first, Millis last) {
  if (failures == 0) return Millis{0};
  const std::uint32_t doublings = std::min(failures - 1, 20U);
  return std::min(last, first * (std::int64_t{1} << doublings));
}

}  // namespace fairlead
