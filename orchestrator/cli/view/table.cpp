// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/table.h"

#include <algorithm>
#include <array>

namespace fairlead::cli {
namespace {

// Terminal columns of a UTF-8 text, wide characters counted as one.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void widen(std::vector<std::size_t>& widths, const std::vector<std::string>& row) {
  widths.resize(std::max(widths.size(), row.size()));
  for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(printable(row[i])));
}

void append_row(std::string& out, const std::vector<std::size_t>& widths,
                const std::vector<std::string>& row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string cell = printable(row[i]);
    line += cell;
    if (i + 1 < row.size()) line.append(widths[i] - columns(cell) + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  widen(widths, header);
  for (const auto& row : rows) widen(widths, row);
  std::string out;
  if (!header.empty()) append_row(out, widths, header);
  for (const auto& row : rows) append_row(out, widths, row);
  return out;
}

std::string format_age(WallTime since, WallTime now) {
  if (since == WallTime{}) return "-";
  const auto seconds = std::max<std::int64_t>(0, (now - since).count() / 1000);
  constexpr std::int64_t kHour = 3600;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (seconds < 2 * kHour) return std::to_string(seconds / 60) + "m";
  if (seconds < 48 * kHour) return std::to_string(seconds / kHour) + "h";
  return std::to_string(seconds / (24 * kHour)) + "d";
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::uint64_t tenths = bytes * 10;
  std::size_t unit = 0;
  while (tenths >= 10240 && unit + 1 < kUnits.size()) {
    tenths = (tenths + 512) / 1024;
    ++unit;
  }
  std::string text = std::to_string(tenths / 10);
  if (tenths % 10 != 0 && tenths < 1000) text += "." + std::to_string(tenths % 10);
  return text + std::string(kUnits[unit]);
}

std::string printable(std::string_view text) {
  std::string shown(text);
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  for (std::size_t at = shown.find('\xC2'); at != std::string::npos; at = shown.find('\xC2', at + 1))
    if (at + 1 < shown.size() && static_cast<unsigned char>(shown[at + 1]) < 0xA0) shown.replace(at, 2, "?");
  return shown;
}

}  // namespace fairlead::cli
