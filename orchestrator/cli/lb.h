// SPDX-License-Identifier: Apache-2.0
// `fairlead lb ...`: what an edge says of itself. It is asked on its own socket, not by control.
#pragma once

#include "orchestrator/cli/commands.h"

namespace fairlead::cli {

struct LbOptions {
  std::string lb;  // its socket, or ADDRESS:PORT
  std::string token_file;
  bool insecure_plaintext = false;
  std::string output = "table";
  std::string service, server;  // backends, flows, drain
  bool undo = false;
  bool follow = false;  // events
  Words packet;         // why
  bool syn = false, icmp_error = false;
  std::string fragment;
};

Outcome<> lb_status(const LbOptions& options);
Outcome<> lb_backends(const LbOptions& options);
Outcome<> lb_drain(const LbOptions& options);
Outcome<> lb_flows(const LbOptions& options);
Outcome<> lb_why(const LbOptions& options);
Outcome<> lb_pipeline(const LbOptions& options);
Outcome<> lb_events(const LbOptions& options);

}  // namespace fairlead::cli
