// SPDX-License-Identifier: Apache-2.0
#include "control/server/authorize.h"

namespace fairlead::server {

Result<> authorize(const net::Principal& principal, std::string_view verb, std::string_view object) {
  if (principal.type != net::Principal::Type::stranger) return {};
  if (verb == "health") return {};
  return fail(Code::denied, std::string(object), "the token is missing or wrong",
              "send `Authorization: Bearer TOKEN` (--token-file), or use the Unix socket");
}

}  // namespace fairlead::server
