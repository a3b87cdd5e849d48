// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace fairlead {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid:
      return "invalid";
    case Code::not_found:
      return "not_found";
    case Code::exists:
      return "exists";
    case Code::conflict:
      return "conflict";
    case Code::exhausted:
      return "exhausted";
    case Code::unavailable:
      return "unavailable";
    case Code::denied:
      return "denied";
    case Code::unsupported:
      return "unsupported";
    case Code::corrupt:
      return "corrupt";
    case Code::compacted:
      return "compacted";
    case Code::timeout:
      return "timeout";
    case Code::io:
      return "io";
  }
  return "unknown";
}

std::string format(const Error& error) {
  std::string text = error.object.empty() ? error.reason : error.object + ": " + error.reason;
  if (!error.remedy.empty()) text += ". " + error.remedy;
  return text;
}

Error os_error(int errno_value, std::string object, std::string remedy) {
  const bool full = errno_value == ENOSPC || errno_value == EDQUOT;
  return Error{full ? Code::exhausted : Code::io, std::move(object), std::strerror(errno_value),
               std::move(remedy)};
}

}  // namespace fairlead
