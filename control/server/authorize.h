// SPDX-License-Identifier: Apache-2.0
// authorize(): the one place that says who may do what. Every call of the API
// passes it, by its route's verb, before anything of it is read. Today a local
// peer (the socket's mode 0600 has chosen it) and a holder of the token may do
// everything; roles attach here.
#pragma once

#include <string_view>

#include "base/result.h"
#include "control/net/http.h"

namespace fairlead::server {

// `object` is the path of the call. Strangers may ask only whether we are alive.
Result<> authorize(const net::Principal& principal, std::string_view verb, std::string_view object);

}  // namespace fairlead::server
