// SPDX-License-Identifier: Apache-2.0
// Does one piece of Work for a pod, blocking, on any thread. Each verb is
// idempotent; verbs of one container never overlap (step() sees to that).
// make_network ends with the dataplane's program on the link, whose tables do
// not hold the pod yet: until they do, nothing passes.
#pragma once

#include <stop_token>

#include "orchestrator/agent/node/node_networks.h"
#include "orchestrator/agent/node/tables.h"
#include "orchestrator/agent/step.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::agent {

class PodWork {
 public:
  PodWork(runtime::NodePaths paths, const NodeNetworks& networks, Tables& tables);

  // What may take long ends early, as a failure, when `stop` is requested.
  Result<> run(const Work& work, const std::stop_token& stop);
  // A living pod's files and network, made whole where they are not.
  Result<> make_network(const Pod& pod);

 private:
  Result<> make_netns(const Pod& pod);
  Result<> make_link(const Pod& pod);
  Result<> remove_network(const Pod& pod);
  Result<> probe(const Pod& pod, const Container& container, Verb verb, const std::stop_token& stop);
  Result<> write_files(const Pod& pod, const PodNetwork& network);

  runtime::NodePaths paths_;
  const NodeNetworks& networks_;
  Tables& tables_;
};

}  // namespace fairlead::agent
