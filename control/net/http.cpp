// SPDX-License-Identifier: Apache-2.0
#include "control/net/http.h"

#include <boost/json.hpp>
#include <optional>

namespace fairlead::net {
namespace {

constexpr std::size_t kMaxTarget = 8192;
constexpr std::size_t kMaxSegments = 16;
constexpr std::size_t kMaxQuery = 16;

constexpr Code kCodes[] = {Code::invalid,   Code::not_found,   Code::exists, Code::conflict,
                           Code::exhausted, Code::unavailable, Code::denied, Code::unsupported,
                           Code::corrupt,   Code::timeout,     Code::io,     Code::compacted};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing when an escape is broken or means a control character.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~/,:").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::unexpected<Error> bad_target(std::string reason) {
  return fail(Code::invalid, "request target", std::move(reason), "see docs/api.md for the paths of the API");
}

Result<> parse_path(std::string_view path, Target& out) {
  if (path == "/") return {};
  path.remove_prefix(1);
  for (bool more = true; more;) {
    const std::size_t slash = path.find('/');
    more = slash != std::string_view::npos;
    auto segment = percent_decode(path.substr(0, slash));
    if (!segment || segment->empty()) return bad_target("has an empty or broken path segment");
    if (out.segments.size() == kMaxSegments) return bad_target("has more than 16 path segments");
    out.segments.push_back(std::move(*segment));
    if (more) path.remove_prefix(slash + 1);
  }
  return {};
}

Result<> parse_query(std::string_view query, Target& out) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const std::size_t equals = pair.find('=');
    auto key = percent_decode(pair.substr(0, equals));
    auto value =
        percent_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
    if (!key || key->empty() || !value) return bad_target("has a broken query parameter");
    if (out.query.size() == kMaxQuery) return bad_target("has more than 16 query parameters");
    const bool fresh = out.query.emplace(std::move(*key), std::move(*value)).second;
    if (!fresh) return bad_target("names a query parameter twice");
  }
  return {};
}

std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string());
}

Code code_of(std::string_view name, int status) {
  for (const Code code : kCodes)
    if (to_string(code) == name) return code;
  for (const Code code : kCodes)
    if (status_of(code) == status) return code;
  return status < 500 ? Code::invalid : Code::unavailable;
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::delete_:
      return "DELETE";
  }
  return "GET";
}

Result<Target> parse_target(std::string_view text) {
  if (text.size() > kMaxTarget) return bad_target("is longer than 8192 bytes");
  if (text.empty() || text.front() != '/') return bad_target("does not begin with /");
  const std::size_t question = text.find('?');
  Target target;
  FL_TRY_OK(parse_path(text.substr(0, question), target));
  if (question != std::string_view::npos) FL_TRY_OK(parse_query(text.substr(question + 1), target));
  return target;
}

std::string format_target(std::string_view path, const Query& query) {
  std::string out(path);
  char separator = '?';
  for (const auto& [key, value] : query) {
    out.append(1, separator).append(percent_encode(key)).append("=").append(percent_encode(value));
    separator = '&';
  }
  return out;
}

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::exists:
      return 409;
    case Code::conflict:
      return 412;
    case Code::exhausted:
      return 429;
    case Code::compacted:
      return 410;
    case Code::corrupt:
      return 500;
    case Code::io:
      return 500;
    case Code::unsupported:
      return 501;
    case Code::unavailable:
      return 503;
    case Code::timeout:
      return 504;
  }
  return 500;
}

Response error_response(const Error& error) {
  const boost::json::object body{{"code", to_string(error.code)},
                                 {"object", error.object},
                                 {"reason", error.reason},
                                 {"remedy", error.remedy}};
  return {status_of(error.code), "application/json", boost::json::serialize(body) + "\n"};
}

Error error_of(const Response& response, std::string_view asked) {
  boost::system::error_code broken;
  const boost::json::value body = boost::json::parse(response.body, broken);
  const std::string status = "status " + std::to_string(response.status);
  if (broken || !body.is_object() || !body.get_object().contains("reason"))
    return {code_of("", response.status), std::string(asked), "answered with " + status,
            "is this a Fairlead control plane of the same version?"};
  const auto& fields = body.get_object();
  return {code_of(text_of(fields, "code"), response.status), text_of(fields, "object"),
          text_of(fields, "reason"), text_of(fields, "remedy")};
}

}  // namespace fairlead::net
