// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/network.h"

namespace fairlead {

Network default_network() {
  Network network;
  network.pods4 = Prefix::parse("10.244.0.0/16").value();
  network.pods6 = Prefix::parse("fd00:244::/64").value();
  network.vips4 = Prefix::parse("10.96.0.0/16").value();
  network.vips6 = Prefix::parse("fd00:96::/112").value();
  network.dns4 = network.vips4.address.plus(10);
  network.dns6 = network.vips6.address.plus(10);
  return network;
}

}  // namespace fairlead
