// SPDX-License-Identifier: Apache-2.0
// A request ends at its blank line; bodies are not read, for GET has none.
#include "deploy/images/hello/conversation.h"

#include <algorithm>
#include <cctype>

namespace fairlead::hello {
namespace {

std::string answer(std::string_view status, std::string_view body, bool with_body, bool close) {
  std::string out = "HTTP/1.1 ";
  out.append(status).append("\r\nContent-Type: text/plain\r\nContent-Length: ");
  out.append(std::to_string(body.size())).append(close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
  if (with_body) out.append(body);
  return out;
}

bool asks_to_close(std::string_view head) {
  std::string lower(head);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.find("\nconnection: close") != std::string::npos) return true;
  return lower.find(" http/1.0") != std::string::npos &&
         lower.find("\nconnection: keep-alive") == std::string::npos;
}

std::string_view until(std::string_view text, char stop) { return text.substr(0, text.find(stop)); }

}  // namespace

std::string identity(std::string_view pod, std::string_view node, std::string_view address) {
  std::string line = "pod=";
  line.append(pod).append(" node=").append(node).append(" address=").append(address);
  return line;
}

std::string Conversation::http(std::string_view head) {
  const std::string_view method = until(head, ' ');
  const std::string_view rest = head.substr(std::min(head.size(), method.size() + 1));
  const std::string_view path = until(until(rest, ' '), '?');
  over_ = over_ || last_orders_ || asks_to_close(head);
  if (method != "GET" && method != "HEAD") {
    over_ = true;  // it may carry a body that we would take for a request
    return answer("405 Method Not Allowed", "only GET and HEAD\n", true, true);
  }
  const bool body = method == "GET";
  if (path == "/") return answer("200 OK", identity_ + "\n", body, over_);
  if (path == "/healthz") return answer("200 OK", "ok\n", body, over_);
  return answer("404 Not Found", "no such page; there are / and /healthz\n", body, over_);
}

std::string Conversation::take(std::string_view bytes) {
  std::string out;
  pending_.append(bytes);
  const std::string_view end = speaks_ == Speaks::http ? "\r\n\r\n" : "\n";
  for (auto at = pending_.find(end); at != std::string::npos && !over_; at = pending_.find(end)) {
    const std::string request = pending_.substr(0, at);
    pending_.erase(0, at + end.size());
    out += speaks_ == Speaks::http ? http(request) : identity_ + " " + request + "\n";
    over_ = over_ || last_orders_;
    ++answers_;
  }
  if (pending_.size() > kMaxRequest) {
    over_ = true;
    if (speaks_ == Speaks::http)
      out += answer("431 Request Header Fields Too Large", "too large\n", true, true);
  }
  return out;
}

}  // namespace fairlead::hello
