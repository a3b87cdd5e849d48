// SPDX-License-Identifier: Apache-2.0
#include "control/net/address.h"

#include <charconv>
#include <optional>

namespace fairlead::net {
namespace {

constexpr std::size_t kMaxSocketPath = 107;  // sockaddr_un, with its final zero

struct HostPort {
  std::string_view host;
  std::uint16_t port = 0;
  bool bracketed = false;
};

// "HOST:PORT" or "[HOST]:PORT"; a host with colons needs the brackets.
std::optional<HostPort> split(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort parts{text.substr(0, colon), 0, false};
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parts.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  parts.bracketed = parts.host.size() > 1 && parts.host.starts_with('[') && parts.host.ends_with(']');
  if (parts.bracketed) parts.host = parts.host.substr(1, parts.host.size() - 2);
  const bool colons = parts.host.find(':') != std::string_view::npos;
  if (parts.host.empty() || colons != parts.bracketed) return std::nullopt;
  return parts;
}

std::string join(const std::string& host, std::uint16_t port) {
  const bool colons = host.find(':') != std::string::npos;
  return (colons ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

Result<TcpEndpoint> parse_tcp_endpoint(std::string_view text) {
  const auto parts = split(text);
  const auto address = parts ? IpAddress::parse(parts->host) : fail(Code::invalid, "", "");
  if (!address || address->is_v4() == parts->bracketed)
    return fail(Code::invalid, "endpoint \"" + std::string(text) + "\"", "is not ADDRESS:PORT",
                "write 127.0.0.1:7400 or [::1]:7400");
  return TcpEndpoint{*address, parts->port};
}

std::string format(const TcpEndpoint& endpoint) { return join(format(endpoint.address), endpoint.port); }

Result<ServerAddress> ServerAddress::parse(std::string_view text) {
  const auto wrong = [&] {
    return fail(Code::invalid, "address \"" + std::string(text) + "\"",
                "is neither a socket's path nor HOST:PORT",
                "write " + std::string(kControlSocket) + " or 10.0.0.1:7400");
  };
  if (text.find('\0') != std::string_view::npos) return wrong();  // a path would end there
  std::string_view path = text;
  if (path.starts_with("unix:")) path.remove_prefix(5);
  if (path.starts_with('/') || path.size() != text.size()) {
    if (path.empty() || path.size() > kMaxSocketPath) return wrong();
    return ServerAddress{std::string(path), "", 0};
  }
  const auto parts = split(text);
  if (!parts || parts->port == 0 || parts->host.find_first_of("/ ?#@[]") != std::string_view::npos)
    return wrong();
  return ServerAddress{"", std::string(parts->host), parts->port};
}

std::string format(const ServerAddress& address) {
  return address.socket.empty() ? join(address.host, address.port) : "unix:" + address.socket;
}

bool is_loopback(std::string_view host) {
  static const Prefix v4 = Prefix::parse("127.0.0.0/8").value();
  static const Prefix v6 = Prefix::parse("::1/128").value();
  const auto address = IpAddress::parse(host);
  return address ? v4.contains(*address) || v6.contains(*address) : host == "localhost";
}

Result<> check_plaintext(const TcpEndpoint& endpoint, bool allowed) {
  if (allowed || is_loopback(format(endpoint.address))) return {};
  return fail(Code::denied, format(endpoint), "is beyond loopback, and there is no TLS yet",
              "listen on 127.0.0.1, or accept plaintext with " + std::string(kPlaintextFlag));
}

Result<> check_plaintext(const ServerAddress& address, bool allowed) {
  if (allowed || !address.socket.empty() || is_loopback(address.host)) return {};
  return fail(Code::denied, format(address), "the token would cross the network in plain text",
              "add " + std::string(kPlaintextFlag) + " if this network is yours alone");
}

}  // namespace fairlead::net
