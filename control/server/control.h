// SPDX-License-Identifier: Apache-2.0
// Control: the whole of fairlead-control in one object: store, state, the loop
// that decides, the agents and the API, on one io_context and one thread.
// main.cpp and the tests make one; everything is in the store, so making
// another on the same folder is a restart.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "control/net/server.h"
#include "control/server/cluster/cluster.h"

namespace fairlead::server {

struct ControlOptions {
  std::filesystem::path state_dir;  // made, mode 0700, if it is not there
  std::string cluster;              // empty: the stored one, or a new random one
  net::ServerOptions net;
  ClusterRules rules;
};

class Control {
 public:
  static Result<std::unique_ptr<Control>> open(net::asio::any_io_executor executor, ControlOptions options);
  ~Control();

  void start();
  net::Task<> stop();  // streams are told, connections end, the store is closed by the destructor
  std::vector<net::TcpEndpoint> tcp_endpoints() const;

 private:
  struct Parts;
  explicit Control(std::shared_ptr<Parts> parts);
  std::shared_ptr<Parts> parts_;
};

}  // namespace fairlead::server
