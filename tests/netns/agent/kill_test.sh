#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two nodes under requests while their agents, and then control, are killed:
# no request fails and no container restarts; an exit while no agent runs is
# told with its code; what a container says meanwhile is in its log; a node whose
# saved state is damaged takes its living pods from control; what is deleted while
# no agent runs is gone when one is back; --teardown leaves nothing of a node.
set -euo pipefail
. "$1/tests/support/cluster.sh"
ROUNDS=5

below() { find "$@" -mindepth 1 | head -n 20; }
nothing_left() { no_pods && [ -z "$(below "$CLUSTER_DIR"/n?/run/netns)" ]; }
told() { grep -c "msg=$2 " "$CLUSTER_DIR/logs/$1.log" || true; } # NAME MESSAGE: how often its log says it
has_told() { [ "$(told "$1" "$2")" -ge "$3" ]; }

start_cluster 2

step "two containers of one pod are made at the same time"
cluster_cli apply -f - >/dev/null <<'SPEC'
kind: Job
name: pair
type: service
replicas: 4
grace: 1s
containers:
  - {name: one, image: "oci:hello", command: [/bin/sleep, infinity], resources: {cpu: 0.05, memory: 16MiB}}
  - {name: two, image: "oci:hello", command: [/bin/sleep, infinity], resources: {cpu: 0.05, memory: 16MiB}}
SPEC
eventually 30 ready_pods 4 || die "four pairs do not become ready"
[ "$(restarts)" = 0 ] || die "a container of a pair had to be tried again: $(cluster_cli events)"
cluster_cli delete job pair >/dev/null
eventually 30 nothing_left || die "pairs are left: $(cluster_cli get pods)"

cluster_cli apply -f "$ROOT/deploy/examples/hello.yaml" >/dev/null
eventually 30 ready_pods 4 || die "four pods do not become ready"
client=$(cluster_cli get pods | awk '$2 == "client" {print $1 " " $3}')
read -r client client_node <<<"$client"
other=n$((3 - ${client_node#n}))
before=$(container_pids)

step "$ROUNDS kills of the other node's agent under requests"
requests_go_on() {
  until [ -e "$CLUSTER_DIR/enough" ]; do
    cluster_cli exec "$client" -- loadgen http://web:80 200 --pause 2 >"$CLUSTER_DIR/load" 2>&1 || return 1
  done
}
requests_go_on &
load=$!
# By turns as soon as it has adopted its pods, and when control has it again.
pods_there=$(find "$CLUSTER_DIR/$other/state/pods" -mindepth 1 -maxdepth 1 | wc -l)
for ((round = 0; round < ROUNDS; ++round)); do
  kill_daemon "$other"
  adopted=$(told "$other" adopted) joined=$(told "$other" '"control is there"')
  again "$other"
  eventually 10 has_told "$other" adopted $((adopted + pods_there)) || die "$other does not adopt its pods"
  ((round % 2 == 0)) || eventually 10 has_told "$other" '"control is there"' $((joined + 1)) ||
    die "$other does not join again"
done
touch "$CLUSTER_DIR/enough"
wait $load || die "requests failed: $(tail -n 3 "$CLUSTER_DIR/load")"
eventually 20 node_is_ready "$other" || die "$other is not ready again"
[ "$(container_pids)" = "$before" ] || die "a container was restarted"
[ "$(restarts)" = 0 ] || die "a restart was counted"

step "the client's own agent and control are killed; pods and names go on"
kill_daemon "$client_node"
kill_daemon control
runc_root=$CLUSTER_DIR/$client_node/run/runc
id=$(runc --root "$runc_root" list -q | grep '\.client$')
runc --root "$runc_root" exec "$id" loadgen http://10.96.0.11:80 100 >/dev/null 2>&1 ||
  die "the dataplane does not go on without its daemons"
again "$client_node"
again control
eventually 20 node_is_ready "$client_node" || die "$client_node is not ready again"
eventually 20 ready_pods 4 || die "the pods are not ready again"
[ "$(container_pids)" = "$before" ] || die "a container was restarted"

step "a damaged agent.state: the living are taken as control says they are"
state=$CLUSTER_DIR/$other/state/agent.state
damage() { # HOW: the file is there, and is not what an agent wrote
  case $1 in
    changed) python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(100); f.write(b"\xff")' "$state" ;;
    empty) : >"$state" ;;
    foreign) sed -i '1s/.*/fairlead agent 0/' "$state" ;;
    alone) : >"$state" && rm "$CLUSTER_DIR/$other/state/objects.log" ;; # nothing is known but by control
  esac
}
for how in changed empty foreign alone; do
  kill_daemon "$other"
  damage $how
  joined=$(told "$other" '"control is there"')
  again "$other"
  eventually 10 has_told "$other" '"control is there"' $((joined + 1)) || die "$how: $other does not join again"
  eventually 20 ready_pods 4 || die "$how: the pods are not ready again: $(cluster_cli get pods)"
  [ "$(container_pids)" = "$before" ] || die "$how: a container was restarted"
  [ "$(restarts)" = 0 ] || die "$how: a restart was counted"
  cluster_cli exec "$client" -- loadgen http://web:80 50 --pause 1 >/dev/null || die "$how: requests fail"
done

step "what a container says while no agent runs is in its log"
cluster_cli apply -f - >/dev/null <<'SPEC'
kind: Job
name: count
containers:
  - name: count
    image: oci:busybox
    command: [sh, -c, "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done"]
    resources: {cpu: 0.1, memory: 32MiB}
SPEC
eventually 30 ready_pods 5 || die "count does not become ready"
read -r counter counter_node <<<"$(cluster_cli get pods | awk '$2 == "count" {print $1 " " $3}')"
counted_to() { cluster_cli logs "$counter" --tail 1; }
kill_daemon "$counter_node"
log=$(echo "$CLUSTER_DIR/$counter_node"/state/pods/*/c/count/log)
lines=$(wc -l <"$log")
more_lines() { [ "$(wc -l <"$log")" -gt $((lines + 10)) ]; }
eventually 20 more_lines || die "count says nothing while no agent runs"
again "$counter_node"
eventually 20 node_is_ready "$counter_node" || die "$counter_node is not ready again"
eventually 20 counted_to || die "the log is not to be had"
cluster_cli logs "$counter" | awk '$1 != NR {exit 1} END {exit NR < '$((lines + 10))'}' || die "lines are missing: $(cluster_cli logs "$counter" --tail 5)"
cluster_cli delete job count >/dev/null
only_four() { [ "$(cluster_cli get pods | wc -l)" = 5 ]; } # and the headings
eventually 30 only_four || die "count does not go"
before=$(container_pids)

step "an exit while no agent runs is told with its code, and the container starts again"
kill_daemon "$other"
runc_root=$CLUSTER_DIR/$other/run/runc
id=$(runc --root "$runc_root" list -q | awk 'NR == 1')
runc --root "$runc_root" kill "$id" KILL
again "$other"
restarted() { [ "$(restarts)" = 1 ] && ready_pods 4; }
eventually 20 restarted || die "the container did not come back: $(cluster_cli get pods)"
cluster_cli events | grep 'exited with code 137' >/dev/null || die "the code is not told: $(cluster_cli events)"

step "an exit whose monitor was killed, too, is told without a code"
kill_daemon "$other"
bundle=$(ls -d "$CLUSTER_DIR/$other"/state/pods/*/c/web | head -n 1)
kill -KILL "$(cat "$bundle/conmon.pid")" "$(cat "$bundle/pid")"
again "$other"
restarted() { [ "$(restarts)" = 2 ] && ready_pods 4; }
eventually 20 restarted || die "the container did not come back: $(cluster_cli get pods)"
cluster_cli events | grep 'its exit code is unknown: its monitor was killed' >/dev/null ||
  die "that the code is unknown is not told: $(cluster_cli events)"

step "what is deleted while no agent runs goes when one is back"
kill_daemon n1
kill_daemon n2
for job in web client; do cluster_cli delete job "$job" >/dev/null; done
again n1
again n2
eventually 40 nothing_left || die "pods are left: $(cluster_cli get pods; below "$CLUSTER_DIR"/n?/run/netns)"
[ -z "$(below "$CLUSTER_DIR"/n?/state/pods "$CLUSTER_DIR"/n?/state/exits)" ] || die "files of pods are left"

step "--teardown leaves nothing of a node"
stop_daemon n1
in_space n1 "$BUILD/bin/fairlead-agent" --name n1 --cluster "$CLUSTER" --state-dir "$CLUSTER_DIR/n1/state" \
  --run-dir "$CLUSTER_DIR/n1/run" --teardown || die "teardown complained"
[ ! -e "$PINS/$CLUSTER/n1" ] || die "pins are left"
[ ! -e "$CLUSTER_DIR/n1/state" ] || die "the state folder is left"
! in_space n1 ip -br link | grep -q '^fl' || die "links are left: $(in_space n1 ip -br link)"
! in_space n1 nft list tables | grep -q fairlead || die "the nftables table is left"
for root in "$CGROUPS" "$CGROUPS"/*; do
  [ ! -e "$root/fairlead/$CLUSTER/n1" ] || die "a cgroup is left: $root/fairlead/$CLUSTER/n1"
done
say "ok: $ROUNDS kills of agents, one of control, no failed request, no restart, nothing left"
