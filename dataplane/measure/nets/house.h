// SPDX-License-Identifier: Apache-2.0
// House: the client and the servers that every engine of a run is measured with, on one link. Each engine has
// an edge of its own on it and a service address of its own, so all stand at once and samples may take turns.
//
//     client .100+N --.          .-- edge N .N             192.0.2.0/24; the service of edge N is
//     198.51.100.N
//                     lan (br0)
//     server K .10+K -'          `-- ...                   servers hold the services' addresses on lo
//
// The client reaches service N by edge N, and speaks there from .100+N: so a server can be told to answer it
// directly (DSR) or by the edge that translated (NAT). Packets on these links are as on a wire: whole sums,
// none larger than the MTU.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "dataplane/measure/nets/space.h"

namespace fairlead::measure {

inline constexpr std::uint16_t kPort = 7000;
inline constexpr unsigned kMostServers = 32;

class House {
 public:
  static Result<House> build(unsigned servers);

  const Space& client() const { return client_; }
  const Space& lan() const { return lan_; }
  const std::vector<Space>& servers() const { return servers_; }

  // A member of the link by `edge N`'s address, with one link eth0; on the bridge it is edgeN.
  Result<Space> add_edge(unsigned number);
  // Servers answer the client of that edge by it.
  Result<> answer_by(unsigned edge);

  static IpAddress client_address(unsigned edge);
  static IpAddress edge_address(unsigned edge);
  static IpAddress service(unsigned edge);
  IpAddress server(std::size_t index) const;  // from 0

 private:
  Result<> add_member(const Space& space, const std::string& port, const IpAddress& address);
  Space client_, lan_;
  std::vector<Space> servers_;
};

}  // namespace fairlead::measure
