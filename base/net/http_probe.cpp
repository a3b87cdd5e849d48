// SPDX-License-Identifier: Apache-2.0
#include "base/net/http_probe.h"

#include <algorithm>

namespace fairlead {

bool is_probe_path(std::string_view path) {
  const auto is_control = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
  return path.starts_with('/') && std::ranges::none_of(path, is_control);
}

std::string probe_request(const IpAddress& address, std::uint16_t port, std::string_view path) {
  const std::string host = address.is_v4() ? format(address) : "[" + format(address) + "]";
  return "GET " + std::string(path) + " HTTP/1.0\r\nHost: " + host + ":" + std::to_string(port) +
         "\r\nUser-Agent: fairlead-probe\r\nConnection: close\r\n\r\n";
}

ProbeResult judge_status_line(std::string_view line) {
  if (line.empty()) return {false, "closed without an answer"};
  const bool is_http = line.size() >= 12 && (line.starts_with("HTTP/1.0 ") || line.starts_with("HTTP/1.1 "));
  const std::string_view status = is_http ? line.substr(9, 3) : std::string_view();
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!is_http || !std::ranges::all_of(status, is_digit)) return {false, "the answer is not HTTP"};
  if (status[0] == '2' || status[0] == '3') return {true, ""};
  return {false, "status " + std::string(status)};
}

std::string probe_failure(std::string message) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::ranges::transform(message, message.begin(), lower);
  return message;
}

}  // namespace fairlead
