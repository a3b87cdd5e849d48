#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Agents and control of three nodes are killed at random under traffic, while
# another job's pods and service come and go, so that each that comes back finds
# a difference to fix; then all of them at once; then agents come back while
# control stays away. No flow breaks, no connection fails, no name is answered
# wrongly, no container of the others is started again.
#
#   a client on each node ---- 200 established flows, new connections, DNS queries ----> web (3 pods)
#                              half through VIPs, half to pods; both families
set -euo pipefail
. "$1/tests/support/cluster.sh"
KILLS=$(counted 50 1000)
FLOWS=201
RATE=2001
QUERIES=60
RANDOM=${FAIRLEAD_SEED:-1}
# An agent that is killed again and again before control hears it would be called silent, and its pods would leave
# the tables: rightly, and netns_cluster_life's matter.
FAIRLEAD_CONTROL_FLAGS="--silent-after 60s"
TRAFFIC=
tell_more() {
  grep -h first= "$CLUSTER_DIR"/status-*
  cluster_cli node drops
}
let_go() { [ -z "$TRAFFIC" ] || kill $TRAFFIC; }

# sum NAME: over the tallies of all clients.
sum() { awk -F= -v name="$1" '$1 == name {sum += $2} END {print sum + 0}' "$CLUSTER_DIR"/status-n?; }
of_node() { awk -F= -v name="$2" '$1 == name {print $2}' "$CLUSTER_DIR/status-$1"; }
# fields KIND JOB FIELD...: of the job's pods or services, a line for each.
fields() {
  cluster_cli get "$1" --output json | python3 -c '
import json, sys
def walk(value):
    if isinstance(value, dict):
        if value.get("job") == sys.argv[1] and sys.argv[2] in value:
            print(*(value.get(field, "") for field in sys.argv[2:]))
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            walk(each)
walk(json.load(sys.stdin))' "${@:2}"
}
grown() { [ "$(sum "$1")" -ge $(($2 + $3)) ]; }
# crowd COUNT: pods beside the traffic, which comes to none of them.
crowd() {
  cluster_cli apply -f - >/dev/null 2>&1 <<SPEC
kind: Job
name: crowd
type: service
replicas: $1
grace: 1s
containers:
  - {name: crowd, image: "oci:hello", resources: {cpu: 0.02, memory: 16MiB}, ports: {http: 8080}}
expose:
  - {port: 80, to: http}
SPEC
}

few() { [ "$(cluster_cli get pods | grep -c '^crowd')" -le 12 ]; }

step "three nodes, three servers, a client on each node"
start_cluster 3
cluster_cli apply -f - >/dev/null <<'SPEC'
kind: Job
name: web
type: service
replicas: 3
containers:
  - {name: web, image: "oci:hello", resources: {cpu: 0.3, memory: 32MiB}, ports: {http: 8080, lines: 9000}, ready: {http: {port: http, path: /healthz}, every: 1s}}
expose:
  - {port: 80, to: http}
  - {port: 9000, to: lines}
place: {spread: node}
---
kind: Job
name: client
type: service
replicas: 3
containers:
  - {name: client, image: "oci:hello", command: [sh, -c, "trap exit TERM; sleep infinity & wait"], resources: {cpu: 0.3, memory: 32MiB}}
place: {spread: node}
SPEC
eventually 60 ready_pods 6 || die "six pods do not become ready: $(cluster_cli get pods)"
before=$(container_pids)
vips=$(fields services web vip4 vip6 | tr ' ' ,)
pods=$(fields pods web ipv4 ipv6 | tr ' \n' ,,)

step "$FLOWS flows, $RATE connections and $QUERIES queries a second; $KILLS kills"
start_traffic() { # NODE UID
  nsenter --net="$CLUSTER_DIR/$1/run/netns/$2" -- "$BUILD/bin/chaos-traffic" status="$CLUSTER_DIR/status-$1" \
    dns=10.96.0.10 name=web.default.svc.cluster.internal vips="$vips" pods="${pods%,}" \
    flows=$((FLOWS / 3)) rate=$((RATE / 3)) queries=$((QUERIES / 3)) &
  TRAFFIC+=" $!"
}
while read -r node uid; do start_traffic "$node" "$uid"; done < <(fields pods client node uid)
disown -a
all_begun() { [ "$(sum flows)" = $((FLOWS / 3 * 3)) ] && [ "$(sum queries)" -gt 0 ] && grown connections 0 100; }
eventually 20 all_begun || die "the traffic does not begin"
began=$(date +%s%N) first=$(sum connections)
# Three agents of four have answered a name since they were last killed; the others are killed while they start.
declare -A asked_of hasty
answers() { [ "$(of_node $1 queries)" -gt ${asked_of[$1]} ]; }
for name in n1 n2 n3; do asked_of[$name]=0; done
scaled=0
for ((done = 0; done < KILLS; ++done)); do
  if ((done % 2 == 0)); then
    eventually 120 few || die "pods of crowd pile up: $(cluster_cli get nodes,pods)"
    eventually 30 crowd $((scaled++ % 2 == 0 ? 4 : 1)) || die "control takes no job after $done kills"
  fi
  victim=$((RANDOM % 4))
  [ $victim -gt 0 ] && victim=n$victim || victim=control
  if [ $victim != control ]; then
    # Some die before they have answered, none twice in a row: names would be away for longer than is asked for them.
    if [ -z "${hasty[$victim]:-}" ] && ((RANDOM % 4 == 0)); then
      hasty[$victim]=yes
    else
      eventually 60 answers $victim || die "$victim answers no names"
      hasty[$victim]=
    fi
    asked_of[$victim]=$(of_node $victim queries)
  fi
  eventually 10 daemon_runs "$victim" && kill_daemon "$victim" || die "$victim has ended by itself"
  again "$victim"
  sleep "0.$(printf %03d $((RANDOM % 600)))"
done
whole() {
  local name
  for name in n1 n2 n3; do node_is_ready $name || return 1; done
  ready_pods $((6 + $1))
}
eventually 30 crowd 2 || die "control takes no job after the kills"
eventually 60 whole 2 || die "after the kills: $(cluster_cli get nodes,pods)"

step "every daemon is dead: traffic goes on, and the guards stand"
read -r node uid < <(fields pods client node uid | tail -n 1)
for name in control n1 n2 n3; do kill_daemon $name; done
count=$(sum connections) spoken=$(sum messages)
in_pod() { nsenter --net="$CLUSTER_DIR/$node/run/netns/$uid" -- "$@"; }
eventually 30 grown connections "$count" 1000 || die "connections stop without daemons"
eventually 30 grown messages "$spoken" "$FLOWS" || die "flows stop without daemons"
in_pod ping -c1 -W5 "${pods%%,*}" >/dev/null || die "a pod does not reach another"
in_pod ip addr add 10.244.255.77/32 dev eth0
! in_pod ping -c1 -W1 -I 10.244.255.77 "${pods%%,*}" >/dev/null || die "a pod may speak with a foreign address"
in_pod ip addr del 10.244.255.77/32 dev eth0

step "agents come back, control stays away: names are answered"
for name in n1 n2 n3; do again $name; done
for name in n1 n2 n3; do asked_of[$name]=$(of_node $name queries); done
for name in n1 n2 n3; do eventually 30 answers $name || die "$name answers no names without control"; done
again control
eventually 40 whole 2 || die "after control came back: $(cluster_cli get nodes,pods)"
took=$((($(date +%s%N) - began) / 1000000)) made=$(($(sum connections) - first)) # milliseconds

step "the others go, those under load stay"
cluster_cli delete job crowd >/dev/null
only_loaded() { whole 0 && [ "$(cluster_cli get pods | wc -l)" = 7 ]; }
eventually 60 only_loaded || die "pods of crowd are left: $(cluster_cli get pods)"

step "counting"
kill -TERM $TRAFFIC
over() { [ "$(sum over)" = 3 ]; }
eventually 60 over || die "the traffic does not end"
TRAFFIC=
same_containers() { [ "$(container_pids)" = "$before" ]; }
eventually 20 same_containers || die "a container was started again: $(diff <(say "$before") <(container_pids))"
[ "$(restarts)" = 0 ] || die "a restart was counted: $(cluster_cli get pods)"
for bad in broken failed wrong unanswered; do [ "$(sum $bad)" = 0 ] || die "$bad: $(sum $bad)"; done
# Not the promised load: more than a tenth of it was not begun.
(($(sum shed) * 10 < $(sum connections))) || die "the load was not there: $(sum connections) connections, $(sum shed) not begun"
say "ok: $((KILLS + 4)) kills, $scaled times more or fewer pods beside, $(sum flows) flows ($(sum messages) messages), $(sum connections) connections" \
  "($((made * 1000 / took))/s of $RATE/s; $(sum shed) not begun, the machine was behind)," \
  "$(sum queries) queries ($(sum late) asked again): 0 broken, 0 failed, 0 wrong"
