#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What may happen to a cluster and its edges (edge.sh), of the engine that the third argument names, at random,
# under two thousand connections and a thousand UDP flows that never rest: pods come, and go and are replaced; edges are killed and upgraded, leave the router's route and come
# back, and restart without control; control is away, agents die. No flow breaks or moves, no request fails.
# Flows that began behind a change end before routes change: of two changes of one slot the owner in the
# middle is not asked (docs/lb.md). FL_SEED plays a run again.
set -euo pipefail
. "$1/tests/support/cluster.sh"
. "$1/tests/netns/cluster/edge.sh"
ENGINE=$3
CONNECTIONS=2000 DATAGRAMS=1000 BEHIND=50 MOST=6
FL_SEED=${FL_SEED:-$((BASHPID * 7 + SECONDS))}
say "FL_SEED=$FL_SEED"
RANDOM=$FL_SEED
CHANCE=0
below() { CHANCE=$((RANDOM % $1)); } # LIMIT; not in a subshell, which would draw the same again

names() { cluster_cli get pods | awk '/ ready / {print $1}'; }
edges_know() { pods_at n1 "$REPLICAS" && pods_at n2 "$REPLICAS" && in_ring "$REPLICAS"; }
settle() {
  eventually 60 ready_pods "$REPLICAS" || die "$REPLICAS pods do not become ready"
  eventually 20 edges_know || die "the edges do not know $REPLICAS pods"
}
hold_behind() { # unless some are held already
  [ -z "$HELD" ] || return 0
  HELD=behind$1
  hold "$HELD" "$BEHIND"
  KEPT=$(names)
}
release_behind() {
  [ -z "$HELD" ] || release "$HELD" "$BEHIND"
  HELD='' KEPT=$FIRST
}
spare_pod() { names | grep -vxF "$KEPT" | head -n 1 || true; }

event() { # NUMBER: does one thing, and says what
  local spare
  below 2
  local node=n$((CHANCE + 1))
  below 8
  case $CHANCE in
    0) DONE="kill -9 of the edge on $node" && kill_daemon "edge-$node" && edge "$node" ;;
    1) DONE="upgrade of the edge on $node" && stop_daemon "edge-$node" && edge "$node" ;;
    2)
      DONE="the edge on $node out of the route and back"
      release_behind
      if [ "$node" = n1 ]; then route $(by n2); else route $(by n1); fi
      sleep 0.5
      route $(by n1) $(by n2)
      ;;
    3)
      DONE="control away, and the edge on $node restarted without it"
      kill_daemon control
      kill_daemon "edge-$node"
      edge "$node"
      sleep 0.5
      again control
      eventually 20 joined_again || die "the edge does not come back to control"
      ;;
    4)
      below 3
      DONE="kill -9 of the agent on n$((CHANCE + 1))"
      kill_daemon "n$((CHANCE + 1))"
      again "n$((CHANCE + 1))"
      ;;
    *)
      spare=$(spare_pod)
      if [ "$REPLICAS" -lt "$MOST" ] && { [ "$CHANCE" = 5 ] || [ -z "$spare" ]; }; then
        DONE="a pod more"
        REPLICAS=$((REPLICAS + 1))
        job "$REPLICAS" edge >/dev/null
        settle
        hold_behind "$1"
      else
        DONE="a pod is replaced"
        cluster_cli delete pod "$spare" >/dev/null
      fi
      ;;
  esac
  settle
}

if [ "$ENGINE" = dpdk ]; then # the edge brings the node its packets: it is there first
  eval "plain_$(declare -f start_agent)"
  start_agent() { # NODE
    [[ $1 =~ ^n[12]$ ]] || { plain_start_agent "$1" && return; }
    daemon_runs "edge-$1" || { behind_tap "$1" && edge "$1"; }
    FAIRLEAD_UPLINK=edge0 plain_start_agent "$1"
  }
fi

step "three nodes, two edges, $CONNECTIONS connections and $DATAGRAMS UDP flows, on $ENGINE"
start_world 3
REPLICAS=3 HELD=''
[ $ENGINE = dpdk ] || for node in n1 n2; do edge $node; done
settle
route $(by n1) $(by n2)
hold first $CONNECTIONS $DATAGRAMS
FIRST=$(names) KEPT=$(names)

EVENTS=$(counted 50 1000)
step "$EVENTS events"
for ((number = 1; number <= EVENTS; ++number)); do
  event "$number"
  ask 10 >"$CLUSTER_DIR/asked"
  ! grep -q failed "$CLUSTER_DIR/asked" || die "requests fail behind event $number, $DONE (FL_SEED=$FL_SEED): $(cat "$CLUSTER_DIR/asked")"
  say "$number: $DONE"
done
release_behind
release first $CONNECTIONS $DATAGRAMS
say "$EVENTS events, FL_SEED=$FL_SEED"
