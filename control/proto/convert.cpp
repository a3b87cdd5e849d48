// SPDX-License-Identifier: Apache-2.0
#include "control/proto/convert.h"

#include "control/proto/stream.h"

namespace fairlead::proto {

unsigned http_status(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::exists:
    case Code::conflict:
      return 409;
    case Code::unsupported:
      return 422;
    case Code::exhausted:
      return 429;
    case Code::unavailable:
      return 503;
    case Code::timeout:
      return 504;
    case Code::corrupt:
    case Code::io:
      return 500;
  }
  return 500;
}

}  // namespace fairlead::proto
