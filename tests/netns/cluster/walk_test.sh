#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first session on a cluster of so many nodes, each result checked, everything
# removed; of three nodes, then the README against what was printed.
set -euo pipefail
ROOT=$1
BUILD=$2
NODES=$3
export FAIRLEAD_CLUSTER=w$((BASHPID % 99999)) FAIRLEAD_PRESET=${BUILD##*/}
logs=$BUILD/cluster-$FAIRLEAD_CLUSTER
trap 'rm -rf "$logs"' EXIT
"$ROOT/dev" up --once --no-build --nodes "$NODES"
[ "$NODES" = 3 ] || exit 0
python3 -B "$ROOT/tests/netns/cluster/readme.py" "$ROOT/README.md" "$logs/logs/session.txt" || {
  echo "README.md shows another session; after ./dev up: python3 tests/netns/cluster/readme.py README.md ${logs##*/}/logs/session.txt --write"
  exit 1
}
