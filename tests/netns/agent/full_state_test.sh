#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A node's disk (a small tmpfs under its agent's state folder) fills up: its
# agent, killed and started on it, goes on with pods, names and traffic; a pod
# that it cannot write down is not begun, and says why; with room again all is
# well by itself, and no container was touched.
set -euo pipefail
. "$1/tests/support/cluster.sh"
DISK=$CLUSTER_DIR/n1/state

let_go() { umount "$DISK" 2>/dev/null || true; }
fill() { head -c 100M /dev/zero >>"$DISK/filler" 2>/dev/null || true; }
requests_pass() { cluster_cli exec client -- loadgen http://web:80 50 --pause 1 >/dev/null; }
is_told() { cluster_cli get pods | grep -F "$1" >/dev/null; }
unsaved() {
  curl -s --unix-socket "$CLUSTER_DIR/control.sock" http://control/metrics |
    grep -E '^fairlead_node_state_unsaved_total\{.*n1.*\} [1-9]' >/dev/null
}
late() {
  cluster_cli apply -f - <<'SPEC'
kind: Job
name: late
containers:
  - {name: late, image: "oci:busybox", command: [sleep, infinity], resources: {cpu: 0.05, memory: 16MiB}}
SPEC
}

mkdir -p "$DISK"
mount -t tmpfs -o size=64m fairlead-test "$DISK"
start_cluster 1
cluster_cli apply -f "$ROOT/deploy/examples/hello.yaml" >/dev/null
eventually 30 ready_pods 4 || die "four pods do not become ready"
before=$(container_pids)

step "the disk fills up while the agent is dead; it starts, pods and names go on"
kill_daemon n1
fill
joined=$(grep -c '"control is there"' "$CLUSTER_DIR/logs/n1.log")
again n1
joins_again() { [ "$(grep -c '"control is there"' "$CLUSTER_DIR/logs/n1.log")" -gt "$joined" ]; }
until_true 20 n1 joins_again || die "the agent does not start on a full disk"
eventually 20 ready_pods 4 || die "the pods are not ready: $(cluster_cli get pods)"
requests_pass || die "requests fail"

step "a pod that cannot be written down is not begun, and says why"
fill  # what the agent could not write of control's words made room
late >/dev/null
eventually 30 is_told "waits until this node's disk knows of it" || die "why late does not start is not told: $(cluster_cli get pods)"
eventually 30 is_told 'No space left on device' || die "why late does not start is not told: $(cluster_cli get pods)"
eventually 20 unsaved || die "the metrics do not count it"
requests_pass || die "requests fail"

step "room again"
rm "$DISK/filler"
eventually 90 ready_pods 5 || die "late does not start: $(cluster_cli get pods)"
kill_daemon n1
again n1
until_true 20 n1 node_is_ready n1 || die "n1 is not ready"
cluster_cli delete job late >/dev/null
late_is_gone() { ! is_told late-; }
eventually 60 late_is_gone || die "late does not go: $(cluster_cli get pods)"
[ "$(container_pids)" = "$before" ] || die "a container was restarted"
requests_pass || die "requests fail afterwards"
say "a full disk under n1: nothing restarted"
