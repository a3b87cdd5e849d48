// SPDX-License-Identifier: Apache-2.0
// One probe of a pod, from the node's namespace: a TCP connection, or a GET
// whose status is 200..399. Blocking for at most `timeout`, or until `stop`.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/ip.h"
#include "base/net/http_probe.h"
#include "base/time.h"
#include "control/catalog/objects.h"

namespace fairlead::runtime {

ProbeResult probe(Probe::Type type, const IpAddress& address, std::uint16_t port, const std::string& path,
                  Millis timeout, const std::stop_token& stop = {});

}  // namespace fairlead::runtime
