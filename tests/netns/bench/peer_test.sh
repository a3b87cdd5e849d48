#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench_lb_xdp --peer: another balancer beside ours, from an object file, with the maps that somebody
# has pinned, and pinned itself; with frames in one buffer and in several. What sends nothing is refused.
set -euo pipefail
if [ -z "${FL_OWN_MOUNTS:-}" ]; then FL_OWN_MOUNTS=1 exec unshare --mount bash "$0" "$@"; fi
mount -t bpf bpf /sys/fs/bpf # of this test alone: it goes with it
BENCH=$2/bin/bench_lb_xdp
PEER=$2/bpf/test_peer.bpf.o
PINS=/sys/fs/bpf
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
REFUSED=0 ROWS=peer/tcp4/flows=1
die() {
  echo "FAILED: $*" >&2
  cat "$WORK"/* >&2
  exit 1
}
bench() { "$BENCH" --quick --only "$ROWS" --json "$@" >"$WORK/out" 2>"$WORK/err"; }
shows() { grep -q "\"case\":\"peer/tcp4/flows=1\"" "$WORK/out" && grep -q "puts $1 bytes in front" "$WORK/out"; }
refused() { # WHY OPTIONS...
  local why=$1; REFUSED=$((REFUSED + 1))
  shift
  ! bench "$@" || die "$* is measured"
  grep -q "$why" "$WORK/err" || die "$*: not said why: $why"
}

ROWS=tcp4/flows=1 bench --peer "$PEER:sends" || die "an object is not measured"
shows 4 || die "no row of the peer"
grep -q '"case":"tcp4/flows=1"' "$WORK/out" || die "no row of ours beside it"
grep -o '"case":"[^"]*"\|"ratio":[^,]*' "$WORK/out"

refused "several programs of XDP; name one" --peer "$PEER"
refused "no program of XDP so named" --peer "$PEER:nobody"
refused "XDP action 2, and sends it nowhere" --peer "$PEER:knows_nothing"
refused "cannot be read" --peer "$WORK/nothing.o"

bpftool prog loadall "$PEER" "$PINS/programs" pinmaps "$PINS/maps"
refused "XDP action 2, and sends it nowhere" --peer "$PINS/programs/asks"
refused "XDP action 2, and sends it nowhere" --peer "$PEER:asks" --peer-maps "$PINS/maps"
bpftool map update pinned "$PINS/maps/sending" key 0 0 0 0 value 1 0 0 0
bench --peer "$PINS/programs/asks" || die "a pinned program is not measured"
shows 0 || die "no row of the pinned program"
bench --peer "$PEER:asks" --peer-maps "$PINS/maps" || die "an object with pinned maps is not measured"
refused "XDP action 2, and sends it nowhere" --peer "$PEER:asks"
! grep -q '"case":"tcp4' "$WORK/out" || die "ours was not asked for"
bench --peer "$PINS/programs/sends" || die "a pinned program for frames in one buffer is not measured"
refused "is no program of XDP" --peer "$PINS/maps/sending"
echo "2 objects and 2 pinned programs measured, $REFUSED refused"
