// SPDX-License-Identifier: Apache-2.0
#include "control/store/page.h"

#include <charconv>

namespace fairlead::store {

Result<> readable(Revision revision, Revision compacted, Revision newest) {
  const std::string object = "revision " + std::to_string(revision.value);
  if (revision < compacted)
    return fail(Code::compacted, object,
                "history before revision " + std::to_string(compacted.value) + " is gone",
                "list again and go on from the revision of the list");
  if (revision > newest)
    return fail(Code::invalid, object, "the newest revision is " + std::to_string(newest.value),
                "list again; the store may have been restored from a snapshot");
  return {};
}

namespace {

Result<PageStart> parse_token(const RangeRequest& request) {
  const auto& token = request.page;
  PageStart start;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), start.revision.value);
  const auto used = static_cast<std::size_t>(end - token.data());
  if (error == std::errc() && used < token.size() && token[used] == '/') start.key = token.substr(used + 1);
  const bool ours = !start.key.empty() && start.key.starts_with(request.prefix) && start.revision.value > 0 &&
                    (request.at.value == 0 || request.at == start.revision);
  if (!ours)
    return fail(Code::invalid, "page token", "it does not belong to this list",
                "pass the token of the page before with the same prefix, or start without one");
  return start;
}

}  // namespace

Result<PageStart> page_start(const RangeRequest& request, Revision compacted, Revision newest) {
  if (request.limit == 0 || request.limit > kMaxPageItems)
    return fail(Code::invalid, "limit " + std::to_string(request.limit),
                "a page holds 1 to " + std::to_string(kMaxPageItems) + " items",
                "ask for fewer and follow the page token");
  PageStart start{request.at.value == 0 ? newest : request.at, request.prefix};
  if (!request.page.empty()) {
    FL_TRY(start, parse_token(request));
  }
  FL_TRY_OK(readable(start.revision, compacted, newest));
  return start;
}

std::string page_token(Revision revision, std::string_view key) {
  return std::to_string(revision.value).append("/").append(key);
}

}  // namespace fairlead::store
