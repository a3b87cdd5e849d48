#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pods come and go, agents are killed at any moment of it, clusters come and
# go: afterwards this machine holds what it held before, thing by thing.
set -euo pipefail
ROOT=$1
BUILD=$2
CLUSTER=z$((BASHPID % 99999))
FAIRLEAD_CLUSTER=$CLUSTER
CYCLES=$([ -n "${FL_LONG:-}" ] && echo 1000 || echo 50)
KILLS=$([ -n "${FL_LONG:-}" ] && echo 200 || echo 4)
CLUSTERS=$([ -n "${FL_LONG:-}" ] && echo 20 || echo 3)
AT_ONCE=25
RANDOM=${FAIRLEAD_SEED:-1}
say() { printf '%s\n' "$*"; }
step() { say "==> $*"; }
die() {
  say "FAILED (FAIRLEAD_SEED=${FAIRLEAD_SEED:-1}): $*"
  show_logs
  exit 1
}
. "$ROOT/deploy/local/cluster.sh"
. "$ROOT/tests/support/census.sh"
trap 'remove_cluster >/dev/null 2>&1; rm -rf "$CLUSTER_DIR"' EXIT

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
all_ready() { [ "$(cluster_cli get pods | grep -c ' ready ')" = "$1" ]; }
no_pods() { [ "$(cluster_cli get pods | wc -l)" -le 1 ]; }
come_and_go() { # COUNT
  apply_pods "$1"
  eventually 60 all_ready "$1" || die "$1 pods do not become ready: $(cluster_cli get pods)"
  cluster_cli delete job brief >/dev/null
  eventually 60 no_pods || die "pods are left: $(cluster_cli get pods)"
}
some_moment() { sleep "0.$(printf %03d $((RANDOM % 700)))"; }

make_cluster 2 >/dev/null
disown -a
come_and_go 2 # what is made once and stays: layers, the first files
census >"$CLUSTER_DIR/before"
things=$(wc -l <"$CLUSTER_DIR/before")

step "$CYCLES pods come and go"
for ((done = 0; done < CYCLES; done += AT_ONCE)); do come_and_go $AT_ONCE; done
no_more_than "$CLUSTER_DIR/before" || die "$CYCLES pods left something"

step "$KILLS times an agent is killed while pods come, and again while they go"
for ((round = 0; round < KILLS; ++round)); do
  node=n$((RANDOM % 2 + 1))
  apply_pods 4
  some_moment
  kill_daemon "$node"
  again "$node"
  ((round % 2 == 0)) || eventually 60 all_ready 4 || die "what was begun is not ended: $(cluster_cli get pods)"
  cluster_cli delete job brief >/dev/null
  some_moment
  kill_daemon "$node"
  again "$node"
  eventually 60 no_pods || die "pods are left, round $round: $(cluster_cli get pods)"
  no_more_than "$CLUSTER_DIR/before" || die "round $round left something"
done

step "$CLUSTERS clusters come and go"
remove_cluster >/dev/null || die "something is left of a cluster"
for ((round = 1; round < CLUSTERS; ++round)); do
  make_cluster 2 >/dev/null
  disown -a
  apply_pods 2
  eventually 60 all_ready 2 || die "2 pods do not become ready"
  remove_cluster >/dev/null || die "something is left of a cluster"
done
say "ok: $CYCLES pods, $((2 * KILLS)) kills half-way, $CLUSTERS clusters: nothing left of ${things} things"
