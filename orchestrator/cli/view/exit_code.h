// SPDX-License-Identifier: Apache-2.0
// What the command's exit code says to scripts; docs/cli.md and --help name
// the same numbers. `exec` ends with the code of the program it ran.
#pragma once

#include "base/result.h"

namespace fairlead::cli {

constexpr int kOk = 0;
constexpr int kFailed = 1;       // not ready in time, or anything without a number of its own
constexpr int kUsage = 2;        // the command line itself is wrong
constexpr int kRefused = 3;      // the document or request is invalid
constexpr int kNotFound = 4;     // the named object does not exist
constexpr int kConflict = 5;     // the object is at another revision than expected
constexpr int kUnreachable = 6;  // the control plane does not answer

// Of an error that control answered; that it does not answer is the caller's knowledge.
constexpr int exit_code(Code code) {
  switch (code) {
    case Code::invalid:
    case Code::unsupported:
      return kRefused;
    case Code::not_found:
      return kNotFound;
    case Code::conflict:
    case Code::exists:
      return kConflict;
    default:
      return kFailed;
  }
}

}  // namespace fairlead::cli
