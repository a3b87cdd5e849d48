// SPDX-License-Identifier: Apache-2.0
// FL_CHECK(condition, values...): our own broken invariant. Prints the
// condition, the place and the values, then aborts: a daemon restarts and
// adopts; a daemon that goes on with a broken invariant corrupts.
#pragma once

#include <sstream>
#include <string>

namespace fairlead::detail {

[[noreturn]] void check_failed(const char* condition, const char* file, int line, const std::string& values);

template <class... T>
std::string join_values(const T&... values) {
  std::ostringstream out;
  ((out << ' ' << values), ...);
  return out.str();
}

}  // namespace fairlead::detail

#define FL_CHECK(condition, ...)                                          \
  (static_cast<bool>(condition)                                           \
       ? static_cast<void>(0)                                             \
       : ::fairlead::detail::check_failed(#condition, __FILE__, __LINE__, \
                                          ::fairlead::detail::join_values(__VA_ARGS__)))
