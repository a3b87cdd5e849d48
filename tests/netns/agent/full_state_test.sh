#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A node's disk (a small tmpfs under its agent's state folder) fills up: its
# agent, killed and started on it, goes on with pods, names and traffic; a pod
# that it cannot write down is not begun, and says why; with room again all is
# well by itself, and no container was touched. The node is said to be full as
# long as it is, and gets no new pods meanwhile.
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
disk_is_named() {
  cluster_cli get nodes | grep -F 'its disk is full' >/dev/null &&
    cluster_cli explain node/n1 | grep -F 'make room on its disk' >/dev/null &&
    cluster_cli events node/n1 | grep -F 'DiskFull' >/dev/null
}
has_room() { cluster_cli events node/n1 | grep -F 'DiskHasRoom' >/dev/null && ! cluster_cli get nodes | grep -F 'its disk' >/dev/null; }
later_is_refused() { cluster_cli explain job/later | grep -F 'n1: its disk is full' >/dev/null; }
later_has_no_pod() { ! is_told later-; }
late_spec() {
  cat <<'SPEC'
kind: Job
name: late
containers:
  - {name: main, image: "oci:busybox", command: [sleep, infinity], resources: {cpu: 0.05, memory: 16MiB}}
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
late_spec | cluster_cli apply -f - >/dev/null
is_told late- || die "late has no place: $(cluster_cli explain job/late)"
fill
joined=$(grep -c '"control is there"' "$CLUSTER_DIR/logs/n1.log")
again n1
joins_again() { [ "$(grep -c '"control is there"' "$CLUSTER_DIR/logs/n1.log")" -gt "$joined" ]; }
until_true 20 n1 joins_again || die "the agent does not start on a full disk"
eventually 20 ready_pods 4 || die "the pods are not ready: $(cluster_cli get pods)"
requests_pass || die "requests fail"

step "a pod that was placed meanwhile cannot be written down: it is not begun, and says why"
fill  # what the agent could not write of control's words made room
eventually 30 is_told "waits until this node's disk knows of it" || die "why late does not start is not told: $(cluster_cli get pods)"
eventually 30 is_told 'No space left on device' || die "why late does not start is not told: $(cluster_cli get pods)"
eventually 20 unsaved || die "the metrics do not count it"

step "the node is named, and gets no new pod"
eventually 20 disk_is_named || die "nobody names the full disk: $(cluster_cli get nodes)"
late_spec | sed 's/late/later/' | cluster_cli apply -f - >/dev/null
eventually 10 later_is_refused || die "it is not said why later has no place: $(cluster_cli explain job/later)"
later_has_no_pod || die "a new pod was placed on a full disk: $(cluster_cli get pods)"
requests_pass || die "requests fail"

step "room again"
rm "$DISK/filler"
eventually 30 has_room || die "n1 is still called full: $(cluster_cli get nodes)"
eventually 90 ready_pods 6 || die "late and later do not start: $(cluster_cli get pods)"
kill_daemon n1
again n1
until_true 20 n1 node_is_ready n1 || die "n1 is not ready"
cluster_cli delete job late >/dev/null
cluster_cli delete job later >/dev/null
late_is_gone() { ! is_told late; }
eventually 60 late_is_gone || die "late does not go: $(cluster_cli get pods)"
[ "$(container_pids)" = "$before" ] || die "a container was restarted"
requests_pass || die "requests fail afterwards"
say "a full disk under n1: nothing restarted"
