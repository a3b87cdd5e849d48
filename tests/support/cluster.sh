# SPDX-License-Identifier: Apache-2.0
# Sourced, behind `set -euo pipefail`, by a test of a whole cluster, which ctest
# gives the folders of source and build: what ./dev has for its cluster
# (deploy/local), a name of the test's own for it, and a trap that removes it when
# the test ends, however it ends. A test that failed shows its nodes, pods and
# logs; one that leaves something has failed. Nothing is started by sourcing. A
# test may define anew, afterwards:
#
#   tell_more   what else a failure should show
#   let_go      what of the test's own must end before the cluster is removed
ROOT=$1
BUILD=$2
export FAIRLEAD_CLUSTER=t$((BASHPID % 99999)) FAIRLEAD_PRESET=${BUILD##*/}
say() { printf '%s\n' "$*"; }
step() { say "==> $*"; }
die() {
  say "FAILED${FAIRLEAD_SEED:+ (FAIRLEAD_SEED=$FAIRLEAD_SEED)}: $*"
  exit 1
}
# What this machine lacks; fl_script_test and count_tests.py know the code. tests/expected-skips.txt names the test.
skip() {
  say "$*"
  exit 77
}
. "$ROOT/deploy/local/cluster.sh"
tell_more() { :; }
let_go() { :; }
end_test() {
  local code=$?
  set +e
  [ $code = 0 ] || [ $code = 77 ] || {
    [ ! -S "$CLUSTER_DIR/control.sock" ] || cluster_cli get nodes,pods 2>&1
    tell_more
    show_logs
  }
  let_go
  remove_cluster || code=1
  rm -rf "$CLUSTER_DIR"
  exit $code
}
trap end_test EXIT

# eventually SECONDS COMMAND...: until it succeeds.
eventually() { until_true "$1" '' "${@:2}"; }

# counted OFTEN LONGEST: as tests/support/counts.h.
counted() { if [ -z "${FL_LONG:-}" ]; then say "$1"; else say "$2"; fi; }

# Clusters of this build whose test has ended without its trap: killed by SIGKILL.
remove_orphans() {
  local dir owner
  for dir in "$BUILD"/cluster-t*; do
    owner=$(cat "$dir/owner" 2>/dev/null) && [ ! -d "/proc/$owner" ] || continue
    say "removing cluster '${dir##*-}', whose test was killed"
    (
      CLUSTER=${dir##*-} CLUSTER_DIR=$dir
      remove_cluster || true
      rm -rf "$dir"
    )
  done
}

# start_cluster NODES: bash says no word about those of its daemons that are killed.
start_cluster() {
  remove_orphans
  mkdir -p "$CLUSTER_DIR"
  say $BASHPID >"$CLUSTER_DIR/owner"
  make_cluster "$1"
  disown -a
}

container_pids() { (cd "$CLUSTER_DIR" && grep -H . n?/state/pods/*/c/*/pid); }
restarts() { cluster_cli get pods | awk 'NR > 1 {sum += $6} END {print sum + 0}'; }
ready_pods() { [ "$(cluster_cli get pods | grep -c ' ready ')" = "$1" ]; } # COUNT
no_pods() { [ "$(cluster_cli get pods | wc -l)" -le 1 ]; }

# kill_daemon NAME: SIGKILL, and the end of all its threads: the first may be a zombie while another still
# ends in the kernel and holds the lock of the state folder.
kill_daemon() {
  local pid
  pid=$(daemon_pid "$1") || return 1
  kill -KILL "$pid"
  while ! awk '{exit !($3 == "Z" && $20 < 2)}' "/proc/$pid/stat" 2>/dev/null && [ -d "/proc/$pid" ]; do sleep 0.02; done
}

# again NAME: its agent or control.
again() {
  if [ "$1" = control ]; then launch_control; else start_agent "$1"; fi
  disown
}
