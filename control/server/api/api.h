// SPDX-License-Identifier: Apache-2.0
// Api: the paths of /v1, each a named function. Reads answer from the newest
// durable snapshot; writes go through Cluster and answer when they are durable.
//
//   GET  /healthz  /metrics  /v1/version
//   GET  /v1/KINDS[?namespace=NS]                   namespaces nodes jobs pods services
//   GET  PUT DELETE /v1/{namespaces|nodes}/NAME     [?expect=REV&dry_run=1]
//   GET  PUT DELETE /v1/namespaces/NS/{jobs|pods|services}/NAME
//   POST /v1/apply?namespace=&dry_run=&expect=&file=
//   GET  /v1/events?object=&after=&since=&limit=    GET /v1/nodes/NAME/{drops|tables}
//   GET  /v1/explain/KIND/NS/NAME                   NS is - for a node
//   WS   /v1/watch?from=  /v1/snapshot  /v1/agent  /v1/namespaces/NS/pods/NAME/{exec|logs}
#pragma once

#include <functional>
#include <string>

#include "control/net/router.h"
#include "control/net/server.h"
#include "control/server/agents/agents.h"
#include "control/server/cluster/cluster.h"

namespace fairlead::server {

class Api {
 public:
  // `net` is asked for its counters when /metrics is.
  Api(Cluster& cluster, Agents& agents, std::function<net::ServerCounters()> net)
      : cluster_(cluster), agents_(agents), net_(std::move(net)) {}

  void add_routes(net::Router& router);

 private:
  net::Response health(const net::Request& request) const;
  net::Response metrics(const net::Request& request) const;
  net::Response version(const net::Request& request) const;
  net::Response edges(const net::Request& request) const;
  net::Response list(const net::Request& request) const;
  net::Response get(const net::Request& request) const;
  net::Task<net::Response> put(net::Request request);
  net::Task<net::Response> remove(net::Request request);
  net::Task<net::Response> apply(net::Request request);
  net::Task<net::Response> when_stored(Checked<proto::ApplyResult> result);
  net::Response events(const net::Request& request) const;
  net::Response explain(const net::Request& request) const;
  net::Task<net::Response> drops(net::Request request);
  net::Response tables(const net::Request& request) const;
  Result<> may_watch(const net::Request& request);  // compacted is 410, before there is a stream
  net::Task<> watch(net::Request request, net::WebSocketPtr stream);
  net::Task<> snapshot(net::Request request, net::WebSocketPtr stream);
  net::Task<> exec(net::Request request, net::WebSocketPtr stream);
  net::Task<> logs(net::Request request, net::WebSocketPtr stream);
  net::Task<> pod_stream(net::Request request, net::WebSocketPtr stream, Result<proto::StreamOpen> open);

  // What callers are shown: only what is durable.
  const Snapshot& published() const { return cluster_.state().published().snapshot; }

  Cluster& cluster_;
  Agents& agents_;
  std::function<net::ServerCounters()> net_;
};

}  // namespace fairlead::server
