// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/report/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "dataplane/measure/report/report.h"

namespace fairlead::measure {
namespace {

constexpr double kWidth = 720, kNames = 104, kRow = 28, kThick = 16, kLabels = 260;
constexpr double kPlotHeight = 260, kLeft = 58, kRight = 112, kTop = 14, kBottom = 34;

std::string n(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string text_at(double x, double y, std::string_view style, std::string_view text) {
  return "<text x=\"" + n(x) + "\" y=\"" + n(y) + "\" class=\"" + std::string(style) + "\">" + escape(text) +
         "</text>\n";
}
std::string rect(double x, double y, double width, double height, const std::string& style,
                 const std::string& title) {
  return "<rect x=\"" + n(x) + "\" y=\"" + n(y) + "\" width=\"" + n(std::max(0.0, width)) + "\" height=\"" +
         n(height) + "\" rx=\"2\" class=\"" + escape(style) + "\"><title>" + escape(title) +
         "</title></rect>\n";
}
std::string line(double x1, double y1, double x2, double y2, std::string_view style) {
  return "<line x1=\"" + n(x1) + "\" y1=\"" + n(y1) + "\" x2=\"" + n(x2) + "\" y2=\"" + n(y2) +
         "\" class=\"" + std::string(style) + "\"/>\n";
}
std::string open_svg(double height, const std::string& title) {
  return "<svg viewBox=\"0 0 " + n(kWidth) + " " + n(height) + "\" role=\"img\" aria-label=\"" +
         escape(title) + "\">\n";
}

// 50 % at 0.3, 90 % at 1, 99 % at 2.
double nines(double share) { return -std::log10(1 - share); }

struct Frame {
  double most_nines = 1, low = 0, high = 1;  // low, high: powers of ten
  double x(double share) const { return kLeft + nines(share) / most_nines * (kWidth - kLeft - kRight); }
  double y(double value) const {
    const double part = (std::log10(value) - low) / (high - low);
    return kTop + (1 - part) * (kPlotHeight - kTop - kBottom);
  }
};

Frame frame_of(const std::vector<Line>& lines) {
  double least = 1e300, most = 0, last = 0.9;
  for (const Line& each : lines)
    for (const Line::Point& point : each.points) {
      least = std::min(least, point.value);
      most = std::max(most, point.value);
      last = std::max(last, point.share);
    }
  Frame frame;
  frame.most_nines = nines(last);
  frame.low = std::floor(std::log10(least));
  frame.high = std::max(frame.low + 1, std::ceil(std::log10(most)));
  return frame;
}

// "1", "10", "100", "1k": of 10 to that power.
std::string power_word(int power) {
  if (power < 0) return n(std::pow(10, power));
  const std::string zeros(static_cast<std::size_t>(power % 3), '0');
  return "1" + zeros + (power >= 9 ? "G" : power >= 6 ? "M" : power >= 3 ? "k" : "");
}

std::string axes(const Frame& frame, const std::string& unit) {
  std::string svg;
  for (int power = static_cast<int>(frame.low); power <= static_cast<int>(frame.high); ++power) {
    const double y = frame.y(std::pow(10, power));
    svg += line(kLeft, y, kWidth - kRight, y, "grid");
    svg += text_at(kLeft - 6, y + 4, "tick end", power_word(power));
  }
  constexpr std::array<std::pair<double, const char*>, 5> kTicks{
      {{0.5, "50 %"}, {0.9, "90 %"}, {0.99, "99 %"}, {0.999, "99.9 %"}, {0.9999, "99.99 %"}}};
  for (const auto& [share, word] : kTicks)
    if (nines(share) <= frame.most_nines + 0.01) {
      svg += line(frame.x(share), kTop, frame.x(share), kPlotHeight - kBottom, "grid");
      svg += text_at(frame.x(share), kPlotHeight - kBottom + 16, "tick middle", word);
    }
  return svg +
         text_at(kLeft, kPlotHeight - 2, "tick", unit + " that this part of the requests did not exceed");
}

}  // namespace

std::string escape(std::string_view text) {
  std::string safe;
  for (const char letter : text) switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += static_cast<unsigned char>(letter) < 0x20 && letter != '\n' ? ' ' : letter;
    }
  return safe;
}

std::string bars(const std::string& title, const std::vector<Bar>& bars) {
  double most = 0;
  for (const Bar& bar : bars) most = std::max({most, bar.value, bar.high});
  const double scale = most > 0 ? (kWidth - kNames - kLabels) / most : 0;
  std::string svg = open_svg(kRow * static_cast<double>(bars.size()) + 4, title);
  double y = 4;
  for (const Bar& bar : bars) {
    const double middle = y + kThick / 2, end = kNames + bar.value * scale, far = kNames + bar.high * scale;
    svg += text_at(kNames - 8, middle + 4, "name end", bar.name);
    svg += rect(kNames, y, bar.value * scale, kThick, bar.colour, bar.name + ": " + bar.label);
    if (bar.high > bar.low && bar.value > 0) {
      svg += line(kNames + bar.low * scale, middle, far, middle, "whisker");
      for (const double at : {bar.low, bar.high})
        svg += line(kNames + at * scale, middle - 4, kNames + at * scale, middle + 4, "whisker");
    }
    svg += text_at(std::max(end, bar.high > bar.low ? far : end) + 8, middle + 4, "value", bar.label);
    y += kRow;
  }
  return svg + line(kNames, 0, kNames, y - kRow + kThick + 4, "axis") + "</svg>\n";
}

std::string quantile_plot(const std::string& title, const std::string& unit, const std::vector<Line>& lines) {
  const Frame frame = frame_of(lines);
  std::string svg = open_svg(kPlotHeight + 4, title) + axes(frame, unit);
  std::vector<std::pair<double, const Line*>> ends;
  for (const Line& each : lines) {
    if (each.points.empty()) continue;
    std::string path;
    for (const Line::Point& point : each.points)
      path += (path.empty() ? "M" : " L") + n(frame.x(point.share)) + " " + n(frame.y(point.value));
    svg += "<path d=\"" + path + "\" class=\"line " + escape(each.colour) + "\"><title>" + escape(each.name) +
           "</title></path>\n";
    for (const Line::Point& point : each.points)
      svg += "<circle cx=\"" + n(frame.x(point.share)) + "\" cy=\"" + n(frame.y(point.value)) +
             "\" r=\"3\" class=\"" + escape(each.colour) + "\"><title>" +
             escape(each.name + ": " + short_number(point.value) + " " + unit) + "</title></circle>\n";
    ends.emplace_back(frame.y(each.points.back().value), &each);
  }
  // Names at the ends of the lines, pushed apart; each with a mark of its colour.
  std::ranges::sort(ends, {}, &std::pair<double, const Line*>::first);
  double next = kTop;
  for (auto& [y, each] : ends) {
    const double at = std::max(next, y);
    next = at + 16;
    svg += rect(kWidth - kRight + 8, at - 5, 10, 10, each->colour, each->name);
    svg += text_at(kWidth - kRight + 23, at + 4, "name", each->name);
  }
  return svg + "</svg>\n";
}

std::string stacks(const std::string& title, const std::vector<Stack>& stacks) {
  std::string svg = open_svg(kRow * static_cast<double>(stacks.size()) + 4, title);
  double y = 4;
  for (const Stack& stack : stacks) {
    double sum = 0, x = kNames;
    for (const double part : stack.parts) sum += part;
    svg += text_at(kNames - 8, y + kThick / 2 + 4, "name end", stack.name);
    for (std::size_t i = 0; i < stack.parts.size() && sum > 0; ++i) {
      const double width = (kWidth - kNames - kLabels) * stack.parts[i] / sum;
      svg += rect(x, y, width - 2, kThick, stack.colour, stack.words.at(i));
      x += width;
    }
    svg += text_at(kWidth - kLabels + 8, y + kThick / 2 + 4, "value", stack.label);
    y += kRow;
  }
  return svg + "</svg>\n";
}

}  // namespace fairlead::measure
