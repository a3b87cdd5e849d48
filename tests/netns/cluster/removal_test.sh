#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A half-made cluster is removed completely: its network works, then everything
# that a crash could leave (a daemon, a process of a pod in its cgroup, a mount,
# pins) is planted, removed, and looked for by other means than removal.sh's. And
# a process that does not end is told of.
set -euo pipefail
. "$1/tests/support/cluster.sh"
cgroup_mounts() { awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts; }

mkdir -p "$CLUSTER_DIR/logs"
mount_bpffs
make_network 2

step "the nodes reach each other and the outside in both families"
for target in $UNDERLAY4.2 $OUTSIDE4 $UNDERLAY6:2 $OUTSIDE6; do
  in_space n1 ping -c1 -W2 "$target" >/dev/null || die "n1 does not reach $target"
done
in_space n1 ip link show eth0 | grep -q "mtu 1500" || die "the underlay has another MTU than 1500"

step "planting what a crash leaves"
launch outside outside fl-serve
daemon=$(cat "$(pid_file outside)")
nsenter --net="$(space_path n1)" sleep 1000 &
stray=$!
sleep 1000 &
pod=$!
for root in $(cgroup_mounts); do
  if [ -w "$root/cgroup.procs" ]; then
    mkdir -p "$root/fairlead/$CLUSTER/n1/uid/c"
    [ "${root##*/}" = cpuset ] || say $pod >"$root/fairlead/$CLUSTER/n1/uid/c/cgroup.procs" || true
  fi
done
mkdir -p "$CLUSTER_DIR/n1/run/net ns" "$PINS/$CLUSTER/n1/v1"
mount -t tmpfs none "$CLUSTER_DIR/n1/run/net ns"
disown -a
say 99999999 >"$(pid_file n2)"         # a pid that is gone
say $$ >"$(pid_file n1)"               # a pid that is someone else's by now: must survive
[ -n "$(cluster_spaces)" ] && [ -n "$(pod_pids)" ] || die "nothing was planted"

step "removing"
remove_cluster || die "remove_cluster complained"

for pid in $daemon $stray $pod; do
  [ ! -d "/proc/$pid" ] || [ "$(awk '{print $3}' "/proc/$pid/stat")" = Z ] || die "process $pid is left"
done
for left in /run/netns/fl-"$CLUSTER"* "$PINS/$CLUSTER" "$CLUSTER_DIR"/n1; do
  [ ! -e "$left" ] || die "$left is left"
done
for root in $(cgroup_mounts); do
  left=$(find "$root" -type d -path "*/fairlead/$CLUSTER*")
  [ -z "$left" ] || die "cgroups are left: $left"
done
! grep -q "$CLUSTER" /proc/self/mountinfo || die "a mount is left"

step "removing again what is not there is no error"
remove_cluster || die "the second removal complained"

step "a process that does not end is told of"
make_network 1
nsenter --net="$(space_path n1)" sleep 1000 &
deaf=$!
disown -a
let_go() { builtin kill -KILL $deaf 2>/dev/null || true; }
kill() { # all but $deaf
  local word words=()
  for word in "$@"; do [ "$word" = $deaf ] || words+=("$word"); done
  [ ${#words[@]} -lt 2 ] || builtin kill "${words[@]}"
}
if said=$(remove_cluster 2>&1); then die "nobody told of process $deaf"; fi
grep -q "process $deaf sleep" <<<"$said" || die "something else was told: $said"
unset -f kill
let_go
say "    $said"
