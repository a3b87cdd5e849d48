// SPDX-License-Identifier: Apache-2.0
// What the API answers, and what it reads from a call besides the document:
// the same rules for every route.
#pragma once

#include <string>
#include <vector>

#include "control/net/http.h"
#include "control/proto/convert.h"
#include "control/server/cluster/apply.h"
#include "control/server/cluster/cluster.h"

namespace fairlead::server {

net::Response answer(std::string json);
net::Response refuse(const Errors& errors);
net::Response refuse(const Error& error);
net::Response answer(const Checked<proto::ApplyResult>& result);

// Parameters that the route does not know are an error: a misspelt dry_run must not apply.
Result<> only(const net::Request& request, const std::vector<std::string_view>& known);

// A parameter's text; the fallback when it is absent or empty.
std::string parameter(const net::Request& request, const std::string& name, std::string fallback = "");
Result<Cluster::Call> read_call(const net::Request& request);                             // expect, dry_run
Result<std::uint64_t> read_number(const net::Request& request, const std::string& name);  // absent: 0
Result<bool> read_flag(const net::Request& request,
                       const std::string& name);  // 1, 0, true, false; absent: no

// The object that the path names; not_found when no such kind exists.
Result<plan::ObjectKey> read_key(const net::Request& request);

}  // namespace fairlead::server
