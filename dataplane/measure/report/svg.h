// SPDX-License-Identifier: Apache-2.0
// The plots of a report as inline SVG: colours are classes (s0..s7, base) that the page gives, so that they
// follow light and dark; text is the page's ink. Texts are escaped here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::measure {

std::string escape(std::string_view text);  // for HTML and SVG, in quotes, too

struct Bar {
  std::string name, colour;  // colour: a class
  double value = 0, low = 0, high = 0;
  std::string label;  // beside the bar
};
// Horizontal bars from zero, with a whisker from low to high where these differ.
std::string bars(const std::string& title, const std::vector<Bar>& bars);

struct Line {
  std::string name, colour;
  struct Point {
    double share, value;
  };
  std::vector<Point> points;  // share ascending, below 1; values above 0
};
// Quantiles: to the right each nine as far as the one before, upwards the logarithm of the value.
std::string quantile_plot(const std::string& title, const std::string& unit, const std::vector<Line>& lines);

struct Stack {
  std::string name, colour, label;
  std::vector<double> parts;
  std::vector<std::string> words;  // of each part, for who points at it
};
// One bar of full width for each, in parts.
std::string stacks(const std::string& title, const std::vector<Stack>& stacks);

}  // namespace fairlead::measure
