#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pods come and go, agents and control are killed at any moment of it, clusters
# come and go: afterwards this machine holds what it held before, thing by thing.
set -euo pipefail
. "$1/tests/support/cluster.sh"
ROUNDS=$(counted 10 200)
KILLS=$(counted 4 200)
CLUSTERS=$(counted 3 20)
AT_ONCE=5
RANDOM=${FAIRLEAD_SEED:-1}
. "$ROOT/tests/support/census.sh"

apply_pods() { # COUNT
  cluster_cli apply -f - >/dev/null <<SPEC
kind: Job
name: brief
type: service
replicas: $1
grace: 1s
containers:
  - {name: one, image: "oci:hello", resources: {cpu: 0.02, memory: 16MiB}, ports: {http: 8080}}
expose:
  - {port: 80, to: http}
SPEC
}
come_and_go() { # COUNT
  apply_pods "$1"
  eventually 60 ready_pods "$1" || die "$1 pods do not become ready: $(cluster_cli get pods)"
  cluster_cli delete job brief >/dev/null
  eventually 60 no_pods || die "pods are left: $(cluster_cli get pods)"
}
some_moment() { sleep "0.$(printf %03d $((RANDOM % 700)))"; }

start_cluster 2
come_and_go 2 # what is made once and stays: layers, the first files
census >"$CLUSTER_DIR/before"
things=$(wc -l <"$CLUSTER_DIR/before")

step "$ROUNDS times $AT_ONCE pods come and go"
for ((round = 0; round < ROUNDS; ++round)); do come_and_go $AT_ONCE; done
no_more_than "$CLUSTER_DIR/before" || die "$ROUNDS rounds left something"

# some_kill ROUND: every other time control dies as well, at a moment of its own.
some_kill() {
  local name
  for name in "n$((RANDOM % 2 + 1))" $([ $(($1 % 2)) = 0 ] || say control); do
    some_moment
    kill_daemon "$name"
    again "$name"
    killed=$((killed + 1))
  done
}
killed=0
# Control may just be coming back.
delete_pods() { cluster_cli delete job brief; }

step "$KILLS times an agent, or an agent and control, is killed while pods come, and again while they go"
for ((round = 0; round < KILLS; ++round)); do
  eventually 20 apply_pods 4 || die "control takes no job, round $round"
  some_kill "$((round / 2))"
  ((round % 2 == 0)) || eventually 60 ready_pods 4 || die "what was begun is not ended: $(cluster_cli get pods)"
  eventually 20 delete_pods || die "control takes no order, round $round"
  some_kill "$((round / 2 + 1))"
  eventually 60 no_pods || die "pods are left, round $round: $(cluster_cli get pods)"
  no_more_than "$CLUSTER_DIR/before" || die "round $round left something"
done

step "$CLUSTERS clusters come and go"
remove_cluster >/dev/null || die "something is left of a cluster"
for ((round = 1; round < CLUSTERS; ++round)); do
  start_cluster 2
  apply_pods 2
  eventually 60 ready_pods 2 || die "2 pods do not become ready"
  remove_cluster >/dev/null || die "something is left of a cluster"
done
say "ok: $ROUNDS rounds of $AT_ONCE pods, $killed kills half-way, $CLUSTERS clusters: nothing left of ${things} things"
