#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo as a machine plays it. First daemons are killed, all at once and one
# by one: no request fails, and none needs a second try. Then pods, too: none
# fails. What ends it leaves nothing.
set -euo pipefail
ROOT=$1
BUILD=$2
export FAIRLEAD_CLUSTER=d$((BASHPID % 99999)) FAIRLEAD_PRESET=${BUILD##*/}
log=$BUILD/$FAIRLEAD_CLUSTER-demo.txt
trap 'rm -rf "$log" "$BUILD/cluster-$FAIRLEAD_CLUSTER"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

"$ROOT/dev" demo --no-build --script x,a,p,c,p --seconds 9 2>&1 | tee "$log"
grep -qE '^0 of [0-9,]+ requests failed' "$log" || fail "requests failed, or none was sent"
[ "$(grep -c ' killed ' "$log")" -ge 4 ] || fail "too little was killed"
! grep -q "fairlead/$FAIRLEAD_CLUSTER" /proc/self/mountinfo || fail "mounts are left"
left=$(ls -d /run/netns/fl-"$FAIRLEAD_CLUSTER"-* /sys/fs/bpf/fairlead/"$FAIRLEAD_CLUSTER" 2>/dev/null || true)
[ -z "$left" ] || fail "left: $left"
echo "1 play of 5 keys"
