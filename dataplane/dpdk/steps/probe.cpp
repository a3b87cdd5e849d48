// SPDX-License-Identifier: Apache-2.0
// Probes of this machine (dataplane/fwd/edge/probe.h). A socket's mark does not cross a
// tap, so TCP's name their server by the port that they come from, which the
// daemon has told; an echo names it by its identifier. They are known only by
// the tap that they come by: nobody outside can name a server.
#include "dataplane/fwd/edge/probe.h"

#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {
namespace {

constexpr unsigned char kEchoes[][2] = {{FWD_PROTO_ICMP, 8}, {FWD_PROTO_ICMPV6, 128}};

// 0: it is no probe.
std::uint32_t server_of(fwd_machine& m, const fwd_headers& packet, const ProbePorts& probes) {
  if (packet.proto == FWD_PROTO_TCP)
    return __atomic_load_n(&probes[fwd_swap16(packet.sport_be)], __ATOMIC_RELAXED);
  unsigned char echo[8];
  for (const auto& [protocol, request] : kEchoes)
    if (packet.proto == protocol && fwd_load(&m, packet.l4, echo, sizeof echo) == 0 && echo[0] == request &&
        (echo[6] << 8 | echo[7]) == FWD_PROBE_MARK >> 16)
      return static_cast<std::uint32_t>(echo[4] << 8 | echo[5]);
  return 0;
}

}  // namespace

Probed step_probe(Worker& worker, Frame& frame, std::uint32_t& link) {
  fwd_machine m(worker, &frame);
  fwd_edge e{};
  const auto* const config = fwd_find_edge_config(&m, 0);
  const int done = fwd_edge_headers_stage(&m, &e, config);
  if (done != FWD_NEXT && done != FWD_PORTLESS) return Probed::none;
  if (!fwd_vip_find(&m, config, &e.pkt.dst, 0, 0)) return Probed::none;
  const std::uint32_t server = server_of(m, e.pkt, *worker.probes);
  if (server == 0) return Probed::none;
  if (fwd_edge_probe(&m, &e, server) != FWD_TO_BACKEND) return Probed::refused;
  link = e.link;
  return Probed::sent;
}

}  // namespace fairlead::dpdk
