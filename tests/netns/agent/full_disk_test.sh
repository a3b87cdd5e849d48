#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Control's disk (a small tmpfs) fills up: writes are refused by name with 507,
# reading, pods, names and services go on, control starts on the full disk; when
# there is room again it takes writes by itself, and nothing acknowledged is lost.
set -euo pipefail
. "$1/tests/support/cluster.sh"
DISK=$CLUSTER_DIR/control

apply_namespace() { printf 'kind: Namespace\nname: %s\n' "$1" | cluster_cli apply -f -; }
ask() { curl -s --unix-socket "$CLUSTER_DIR/control.sock" "$@"; }
read_only() { [[ $(ask http://control/metrics) == *"
fairlead_store_read_only $1"* ]]; }
requests_pass() { cluster_cli exec client -- loadgen http://web:80 50 --pause 1 >/dev/null; }
refused() { # OUTPUT of a write
  [[ $1 == *"the file system $DISK (tmpfs) is full"* && $1 == *"writing needs 2.0 MiB"* && $1 == *"free space there"* ]]
}

mkdir -p "$DISK"
mount -t tmpfs -o size=20m fairlead-test "$DISK"
start_cluster 1
cluster_cli apply -f "$ROOT/deploy/examples/hello.yaml" >/dev/null
eventually 30 ready_pods 4 || die "four pods do not become ready"

step "the disk fills up"
head -c 300K /dev/zero >"$DISK/later"
head -c 30M /dev/zero >"$DISK/filler" 2>/dev/null || true
rm "$DISK/later"  # so that some writes still fit
acknowledged=0
while answer=$(apply_namespace "ns$((acknowledged + 1))" 2>&1); do
  acknowledged=$((acknowledged + 1))
  [ "$acknowledged" -lt 500 ] || die "500 writes fit on a full disk"
done
refused "$answer" || die "the refusal does not name the file system, the need and the remedy: $answer"
status=$(printf 'kind: Namespace\nname: more\n' | ask -o /dev/null -w '%{http_code}' --data-binary @- http://control/v1/apply)
[ "$status" = 507 ] || die "status $status instead of 507"
read_only 1 || die "the metrics do not say read_only"

step "reading, pods, names and services go on"
cluster_cli get nodes,pods,services >/dev/null || die "nothing can be read"
requests_pass || die "requests fail"

step "control starts on the full disk"
kill_daemon control
head -c 30M /dev/zero >>"$DISK/filler" 2>/dev/null || true
again control
until_true 10 control cluster_cli get nodes || die "control does not start on a full disk"
answer=$(apply_namespace more 2>&1) && die "a write was taken: $answer"
refused "$answer" || die "the refusal after a start: $answer"

step "room again"
rm "$DISK/filler"
eventually 20 read_only 0 || die "the store stays read-only"
eventually 20 apply_namespace more || die "nothing can be written: $(apply_namespace more 2>&1)"
for ((i = 1; i <= acknowledged; i++)); do
  [[ $(cluster_cli get namespaces) == *"ns$i "* ]] || die "acknowledged namespace ns$i is lost"
done
eventually 20 grep -q 'report again' "$CLUSTER_DIR/logs/control.log" "$CLUSTER_DIR/logs/n1.log" || die "what agents reported meanwhile is not asked for again"
wait_for_nodes 1
eventually 20 ready_pods 4 || die "pods: $(cluster_cli get pods)"
requests_pass || die "requests fail afterwards"
say "$acknowledged writes acknowledged on the way, none lost"
