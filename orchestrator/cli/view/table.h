// SPDX-License-Identifier: Apache-2.0
// Table: rows of text in columns, for people. Columns are as wide as their
// widest cell and two spaces apart; lines have no trailing spaces; control
// characters in cells are shown as '?', so that no object's text can move the
// terminal's cursor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace fairlead::cli {

struct Table {
  std::vector<std::string> header;  // empty: no header line
  std::vector<std::vector<std::string>> rows;

  std::string text() const;
};

// "-" without a beginning, "45s", "12m", "5h", "3d": one unit, two at the border ("90s", "36h").
std::string format_age(WallTime since, WallTime now);
// "900KiB", "23.4GiB": three digits or so.
std::string format_size(std::uint64_t bytes);
// A text of an object as it may be shown on a terminal.
std::string printable(std::string_view text);

}  // namespace fairlead::cli
