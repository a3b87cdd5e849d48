#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The first session on a cluster of so many nodes, each result checked, everything
# removed; of three nodes, then the README against what was printed.
set -euo pipefail
. "$1/tests/support/cluster.sh"
NODES=$3
show_logs() { :; } # ./dev does
"$ROOT/dev" up --once --no-build --nodes "$NODES"
[ "$NODES" = 3 ] || exit 0
session=$CLUSTER_DIR/logs/session.txt
python3 -B "$ROOT/tests/netns/cluster/readme.py" "$ROOT/README.md" "$session" ||
  die "README.md shows another session; after ./dev up: python3 tests/netns/cluster/readme.py README.md build/dev/cluster/logs/session.txt --write"
