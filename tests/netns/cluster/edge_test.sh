#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A service that the world may ask (edge.sh), on real daemons.
#
# Requests reach the pods of every node, those beside the edge too. Connections
# and flows stay with their pod while pods are added, all of them come by the
# other edge, edges are killed and come back without control: those that began
# before the ring changed, and those that began behind it. No request fails
# while pods are taken away. A pod that edges do not reach gets no new connections.
set -euo pipefail
. "$1/tests/support/cluster.sh"
. "$1/tests/netns/cluster/edge.sh"
uid_on() { # NODE: of the pod there that is ready
  cluster_cli get pods -o json |
    python3 -c 'import json, sys; print(*[p["uid"] for p in json.load(sys.stdin)["items"] if p["node"] == sys.argv[1] and p["status"]["phase"] == "ready"])' "$1"
}

step "three nodes, a job for the world, an edge on n1"
start_world 3
edge n1 another # by mistake: control refuses it, and nothing of that is kept
stop_daemon edge-n1
edge n1
eventually 10 pods_at n1 3 || die "the edge does not know the pods"
cluster_cli get services,rings
lb n1 status
lb n1 backends

step "requests reach every pod, also those beside the edge"
ask 60 >"$CLUSTER_DIR/asked"
cat "$CLUSTER_DIR/asked"
! grep -q failed "$CLUSTER_DIR/asked" || die "requests fail"
for node in n1 n2 n3; do grep -q "node=$node " "$CLUSTER_DIR/asked" || die "none reaches $node"; done
! in_space outside timeout 1 bash -c "exec 3<>/dev/tcp/$VIP/8" 2>/dev/null || die "a port of the cluster alone answers the world"

step "300 connections and 300 UDP flows by two edges, while pods come, edges die and control is away"
edge n2
eventually 10 pods_at n2 3 || die "the second edge does not know the pods"
cluster_cli edges | tee "$CLUSTER_DIR/edges"
[ "$(grep -c " $UNDERLAY4" "$CLUSTER_DIR/edges")" = 2 ] || die "control does not list both edges"
route $(by n1) $(by n2)
hold before 100
job 5 edge
eventually 30 ready_pods 5 || die "5 pods do not become ready"
eventually 5 pods_at n1 5 || die "the edge does not learn of new pods"
eventually 5 pods_at n2 5 || die "the edge does not learn of new pods"
hold behind 200
route $(by n2)
sleep 1
route $(by n1)
sleep 1
route $(by n1) $(by n2)
kill_daemon edge-n1
kill_daemon control
edge n1 # from what it has saved
ask 20 >"$CLUSTER_DIR/asked"
! grep -q failed "$CLUSTER_DIR/asked" || die "without control: $(cat "$CLUSTER_DIR/asked")"
pods_at n1 5 || die "without control the edge has forgotten pods"
again control
eventually 20 joined_again || die "the edge does not come back to control"
sleep 1
release before 100
release behind 200
handed_on() {
  curl -s --unix-socket "$CLUSTER_DIR/control.sock" http://control/metrics |
    grep '^fairlead_node_handed_on_packets_total{node="n[123]"} [1-9]'
}
eventually 20 handed_on || die "the metrics do not say that packets were handed on"

step "no request fails while pods are taken away and replaced"
(while [ ! -e "$CLUSTER_DIR/enough" ]; do ask 10; done) >"$CLUSTER_DIR/asked" &
ASKER=$!
job 2 edge
eventually 60 ready_pods 2 || die "the pods do not go"
cluster_cli delete pod "$(cluster_cli get pods | awk '/ ready / {print $1; exit}')"
sleep 3
eventually 60 ready_pods 2 || die "the pod is not replaced"
touch "$CLUSTER_DIR/enough"
wait $ASKER
grep -v failed "$CLUSTER_DIR/asked" | awk '{n += $NF} END {print n, "requests"}'
! grep failed "$CLUSTER_DIR/asked" || die "requests failed"
pods_at n1 2 || die "the edge keeps pods that are gone: $(lb n1 backends)"

step "a ready pod that no edge reaches gets no new connections"
job 3 edge
eventually 30 ready_pods 3 || die "3 pods do not become ready"
eventually 10 in_ring 3 || die "the ring does not have 3 pods: $(cluster_cli get rings)"
POD=$(uid_on n3)
deaf() { nsenter --net="$CLUSTER_DIR/n3/run/netns/$POD" nft "$@"; } # to edges: its node finds it ready
deaf "add table inet deaf; add chain inet deaf in { type filter hook input priority 0; }
  add rule inet deaf in ip saddr { $UNDERLAY4.1, $UNDERLAY4.2 } tcp dport 8080 drop"
eventually 15 in_ring 2 || die "it stays in the ring: $(cluster_cli edges; lb n1 backends)"
ready_pods 3 || die "its node does not find it ready"
cluster_cli get rings
cluster_cli edges
cluster_cli events service/web | grep Unreached || die "nobody says so"
lb n1 backends | grep " down " || die "the edge does not say so"
cluster_cli explain service/web | grep "no edge reaches" || die "explain does not say so: $(cluster_cli explain service/web)"
ask 30 >"$CLUSTER_DIR/asked"
! grep -q failed "$CLUSTER_DIR/asked" || die "requests fail: $(cat "$CLUSTER_DIR/asked")"
deaf delete table inet deaf
eventually 15 in_ring 3 || die "it does not come back: $(cluster_cli edges; lb n1 backends)"

step "it is the world's no longer"
job 2 cluster
gone() { ! lb n1 status | grep -q web && [ "$(cluster_cli get rings | wc -l)" -le 1 ]; }
eventually 10 gone || die "it is still there: $(lb n1 status)"
