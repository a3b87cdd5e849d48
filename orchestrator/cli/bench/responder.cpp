// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/load/responder.h"

#include <cstdio>

#include "control/net/address.h"
#include "orchestrator/cli/bench/bench.h"
#include "orchestrator/cli/bench/stop.h"

namespace fairlead::cli {
namespace {

// An answer has the address that was asked, which a socket of all addresses does not know for datagrams.
Result<measure::Listen> listen_on(const std::string& text, unsigned number) {
  const auto endpoint = net::parse_tcp_endpoint(text);
  if (!endpoint) return std::unexpected(Error(endpoint.error()).within("--listen"));
  if (endpoint->address == IpAddress::v4(0) || endpoint->address.is_none())
    return fail(Code::invalid, "--listen " + text, "is every address", "name the one that clients use");
  return measure::Listen{-1, endpoint->address, endpoint->port, static_cast<std::uint16_t>(number)};
}

}  // namespace

Result<int> bench_responder(const ResponderOptions& options) {
  std::vector<measure::Listen> listens;
  for (const std::string& text : options.listen) {
    FL_TRY(const measure::Listen listen, listen_on(text, options.number));
    listens.push_back(listen);
  }
  StopOnSignal stop;
  FL_TRY(const auto responder, measure::Responder::start(listens, options.threads, {}));
  for (const std::string& text : options.listen)
    std::fprintf(stderr, "answering on %s, TCP and UDP, as server %u\n", text.c_str(), options.number);
  stop.wait();
  std::fprintf(stderr, "%llu requests answered\n", static_cast<unsigned long long>(responder->requests()));
  return 0;
}

}  // namespace fairlead::cli
