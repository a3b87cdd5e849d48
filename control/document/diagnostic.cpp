// SPDX-License-Identifier: Apache-2.0
#include "control/document/diagnostic.h"

#include <algorithm>
#include <cctype>
#include <numeric>

namespace fairlead::document {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Levenshtein, where a swap of neighbours counts one and case counts nothing.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, previous(b.size() + 1), current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      const bool swapped =
          i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    before = previous;
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::string place(const Diagnostic& d) {
  std::string text = d.file;
  if (d.at.line == 0) return text;
  if (!text.empty()) text += ":";
  return text + std::to_string(d.at.line) + ":" + std::to_string(d.at.column);
}

std::string place_and_field(const Diagnostic& d) {
  std::string text = place(d);
  if (!text.empty() && !d.field.empty()) text += ": ";
  return text + display_path(d.field);
}

std::string what(const Diagnostic& d) { return d.value.empty() ? d.reason : d.value + " " + d.reason; }

}  // namespace

Error to_error(const Diagnostic& d) { return Error{d.code, place_and_field(d), what(d), d.remedy}; }

std::string format(const Diagnostic& d) { return fairlead::format(to_error(d)); }

std::string display_path(std::string_view full_path) {
  constexpr std::string_view kContainers = "containers[";
  if (full_path.starts_with(kContainers)) {
    const std::size_t dot = full_path.find("].");
    if (dot != std::string_view::npos) full_path.remove_prefix(dot + 2);
  }
  std::string shown;
  bool inside = false;
  for (const char c : full_path) {
    if (c == '[') inside = true;
    if (!inside) shown += c;
    if (c == ']') inside = false;
  }
  return shown;
}

std::string display_value(std::string_view text) {
  constexpr std::size_t kLongest = 48;
  const bool number = !text.empty() && text.size() <= 20 &&
                      text.find_first_not_of("0123456789.-") == std::string_view::npos && text != "-";
  if (number) return std::string(text);
  std::string shown = "\"";
  std::size_t end = std::min(text.size(), kLongest);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  for (const char c : text.substr(0, end))
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return shown + (end < text.size() ? "...\"" : "\"");
}

std::string suggest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > 40) return "";
  std::string_view best;
  std::size_t best_distance = word.size() <= 3 ? 2 : 3;
  for (const std::string_view candidate : candidates) {
    const std::size_t d = distance(word, candidate);
    if (d >= best_distance) continue;
    best = candidate;
    best_distance = d;
  }
  return best.empty() ? "" : "Did you mean " + std::string(best) + "?";
}

}  // namespace fairlead::document
