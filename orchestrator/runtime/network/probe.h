// SPDX-License-Identifier: Apache-2.0
// One readiness probe of a pod, from the node's namespace: a TCP connection,
// or a GET whose status is 200..399. Blocking for at most `timeout`.
#pragma once

#include <cstdint>
#include <string>

#include "base/ip.h"
#include "base/time.h"
#include "control/catalog/objects.h"

namespace fairlead::runtime {

struct ProbeResult {
  bool ready = false;
  std::string reason;  // "connection refused", "status 503", "no answer in 1s"; empty when ready
};

ProbeResult probe(Probe::Type type, const IpAddress& address, std::uint16_t port, const std::string& path,
                  Millis timeout);

}  // namespace fairlead::runtime
