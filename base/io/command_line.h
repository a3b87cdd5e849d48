// SPDX-License-Identifier: Apache-2.0
// What every daemon does first with its command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "base/result.h"

namespace fairlead {

// The exit code, when the line is all there is to do: 0 for --help and --version, 2 where it is wrong.
inline std::optional<int> parse_line(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", FAIRLEAD_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

// Why the program ends, and `code`.
inline int complain(const std::string& program, const Error& error, int code) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), format(error).c_str());
  return code;
}

}  // namespace fairlead
