#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The ends of pods and of a node, on a cluster of three with real containers:
#
#   - so many rounds in which every pod of a job is replaced, under new and kept
#     connections through its name, of each family: no request fails, and the
#     story says why;
#   - a node is cut off: its pods are lost and replaced, requests do not fail
#     once it is silent; it comes back, takes its old pods off its network
#     before it kills them: nothing reaches them, and nothing of theirs gets
#     out. Asked on the node itself, where no other node's tables stand in
#     between;
#   - an agent is stopped (SIGSTOP) while its node is not cut off, and goes on
#     (full counts only).
set -euo pipefail
. "$1/tests/support/cluster.sh"
ROUNDS=$(counted 10 100)
FAIRLEAD_CONTROL_FLAGS="--silent-after 3s --replace-after 4s"
start_cluster 3

# soon SECONDS WHAT COMMAND...: waits for something that happens by itself.
soon() { eventually "$1" "${@:3}" || die "not within bounds: $2"; }

spec() { # spec ROUND [COMMAND]: three servers and a client
  cat <<YAML
kind: Job
name: web
replicas: 3
containers:
  - name: web
    image: oci:hello
    command: ${2:-[fl-serve]}
    env: {ROUND: "$1"}
    resources: {cpu: 0.1, memory: 32MiB}
    ports: {http: 8080}
    ready: {http: {port: http, path: /healthz}, every: 1s}
expose:
  - {port: 80, to: http}
update: {surge: 3}
---
kind: Job
name: client
containers:
  - name: client
    image: oci:hello
    command: [sh, -c, trap exit TERM; sleep infinity & wait]
    resources: {cpu: 0.1, memory: 32MiB}
YAML
}

# load NAME OPTIONS...: requests in the background until /tmp/stop is there; ends with 1 when one failed.
load() {
  local name=$1
  shift
  cluster_cli exec client -- sh -c "
    code=0
    until [ -e /tmp/stop ]; do loadgen http://web:80 100 --pause 2 $* || code=1; done
    exit \$code" >"$CLUSTER_DIR/logs/$name.txt" 2>&1 &
  LOADS="$LOADS $!:$name"
}
# loads NAME OPTIONS...: a load for each family. One that may use both tries the other when one refuses, and hides it.
loads() {
  load "$1-v4" -4 "${@:2}"
  load "$1-v6" -6 "${@:2}"
}
end_loads() {
  local load
  cluster_cli exec client -- touch /tmp/stop
  for load in $LOADS; do
    wait "${load%%:*}" || die "requests failed (${load#*:}):
$(cat "$CLUSTER_DIR/logs/${load#*:}.txt")"
    say "    ${load#*:}: $(grep -c ' 0 failed' "$CLUSTER_DIR/logs/${load#*:}.txt") hundred requests, none failed"
  done
  cluster_cli exec client -- rm /tmp/stop
  LOADS=
}
LOADS=
pods() { cluster_cli get pods | awk '$2 == "web" {print $1}' | sort; }
all_new() { # of the third argument's names none is left, and three are ready
  [ "$(cluster_cli get pods | awk '$2 == "web" && $5 == "ready" {print $1}' | wc -l)" = 3 ] &&
    [ -z "$(comm -12 <(say "$1") <(pods))" ]
}

step "$ROUNDS rounds of replacing every pod under load"
spec 0 | cluster_cli apply -f - --wait >/dev/null
loads new
loads kept --keep-alive
for ((round = 1; round <= ROUNDS; ++round)); do
  before=$(pods)
  spec "$round" | cluster_cli apply -f - >/dev/null
  soon 60 "round $round" all_new "$before"
done
end_loads

step "the story of a pod that was replaced"
one=$(head -n1 <<<"$before")
story=$(cluster_cli events "pod/$one" | awk 'NR > 1 {print $3}' | tr '\n' ' ')
for words in 'Placed .*Started .*Ready .*Stopping .*Acknowledged .*Term .*Exited .*Gone .*Removed '; do
  [[ $story =~ ${words} ]] || die "pod/$one has another story: $story"
done
say "    $story"

is_state() { [ "$(cluster_cli get nodes | awk -v node="$1" '$1 == node {print $3}')" = "$2" ]; }
withdrawn() {
  cluster_cli exec client -- loadgen http://web:80 30 --timeout 300 -4 >/dev/null 2>&1 &&
    cluster_cli exec client -- loadgen http://web:80 30 --timeout 300 -6 >/dev/null 2>&1
}
replaced() { [ "$(cluster_cli get pods | awk '$2 == "web" && $5 == "ready" && $3 != "'"$cut"'"' | wc -l)" = 3 ]; }
alive() { [ -n "$(find "$CGROUPS" -path "*/fairlead/$CLUSTER/$cut/*" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]; }
left() { ! pods | grep -qx "$lost"; }
gone() { ! alive; }
let_go() { rm -f "$CLUSTER_DIR/asking"; }

# ask_on_the_node: in the background, of the lost pod, from its own node's network, until $CLUSTER_DIR/asking is
# gone; a line for each question: when it was put (ns), and the answer's status.
ask_on_the_node() {
  touch "$CLUSTER_DIR/asking"
  in_space "$cut" bash -c '
    for ((asked = 0; asked < 20000; ++asked)); do
      [ -e "$1/asking" ] || exit 0
      echo "$(date +%s%N) $(curl -s -o /dev/null -m 0.3 -w "%{http_code}" "http://$2:8080/")"
      sleep 0.02
    done' ask "$CLUSTER_DIR" "$address" >"$CLUSTER_DIR/logs/asked.txt" 2>&1 &
  ASKING=$!
}
# speak_on_the_node: the same of what the pod says to its node.
speak_on_the_node() {
  local node uid
  node=$(cluster_cli get node "$cut" -o json | sed -n 's/^.*"host4": "\([^"]*\)".*/\1/p')
  uid=$(cluster_cli get pod "$lost" -o json | sed -n 's/^.*"uid": "\([^"]*\)".*/\1/p' | head -n 1)
  in_space "$cut" python3 "$ROOT/tests/netns/cluster/speaks.py" "$CLUSTER_DIR/$cut/run/netns/$uid" "$node" "$CLUSTER_DIR/asking" \
    >"$CLUSTER_DIR/logs/said.txt" 2>&1 &
  SPEAKING=$!
}
since() { awk -v since="$2" '$1 > since && $2 == 200' "$CLUSTER_DIR/logs/$1.txt" | head -n 3 | tr '\n' ' '; }
answered_since() { awk -v since="$2" '$1 > since && $2 == 200 {++n} END {exit !n}' "$CLUSTER_DIR/logs/$1.txt"; } # FILE NS
killed_at() { # ns, the end of the millisecond that the event names; nothing: it was not
  cluster_cli events "pod/$lost" -o json | python3 -c '
import datetime, json, sys
for event in json.load(sys.stdin)["events"]:
    if event["reason"] == "Kill":
        print(int(datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp() * 1000 + 1) * 1000000)'
}
cut_is_told() { cluster_cli events "pod/$lost" | grep -q CutOff; }

# choose: $cut, a node with a pod of web and without the client; $lost and $address, that pod.
choose() {
  local home
  home=$(cluster_cli get pods | awk '$2 == "client" {print $3}')
  cut=$(cluster_cli get pods | awk -v home="$home" '$2 == "web" && $5 == "ready" && $3 != home {print $3; exit}')
  read -r lost address < <(cluster_cli get pods | awk -v cut="$cut" '$2 == "web" && $5 == "ready" && $3 == cut {print $1, $4; exit}')
}

# falls_silent COMMAND...: what makes $cut silent.
falls_silent() {
  choose
  "$@"
  soon 30 "$cut is silent" is_state "$cut" silent
  soon 10 "no request goes to $cut" withdrawn
  loads after
  soon 60 "the pods of $cut are replaced" replaced
  cluster_cli get pods | grep -q "^$lost .* lost " || die "pod/$lost is not lost: $(cluster_cli get pods)"
  alive || die "the silent node has no pod left: nothing would be shown"
  ask_on_the_node
  speak_on_the_node
  soon 10 "pod/$lost still answers on its own node" answered_since asked 0
  soon 10 "pod/$lost is still heard on its own node" answered_since said 0
}

# comes_back COMMAND...: what lets $cut be heard again. Its pod is deaf to TERM: one that is asked to end lives
# until its grace is over (10 s); one that was cut off is off the network, and killed at once.
comes_back() {
  local story killed
  cluster_cli exec client -- sh -c "until [ -e /tmp/stop ]; do
    wget -q -T 1 -O - http://$address:8080/ 2>/dev/null && exit 7; done; exit 0" >"$CLUSTER_DIR/logs/zombie.txt" 2>&1 &
  LOADS="$LOADS $!:zombie"
  "$@"
  soon 60 "$cut says that it cut off pod/$lost" cut_is_told
  soon 60 "$cut is ready" is_state "$cut" ready
  soon 30 "pod/$lost goes" left
  soon 10 "nothing of the old pods runs on $cut" gone
  rm "$CLUSTER_DIR/asking"
  wait $ASKING || die "the questions on $cut: $(tail -n 3 "$CLUSTER_DIR/logs/asked.txt")"
  wait $SPEAKING || die "what pod/$lost says: $(tail -n 3 "$CLUSTER_DIR/logs/said.txt")"
  story=$(cluster_cli events "pod/$lost" | awk 'NR > 1 {print $3}' | tr '\n' ' ')
  [[ $story =~ CutOff\ (.*) ]] && [[ ${BASH_REMATCH[1]} == *Kill* ]] && [[ ${BASH_REMATCH[1]} != *Term* ]] ||
    die "pod/$lost was not killed at once, but asked to end: $story"
  killed=$(killed_at)
  ! answered_since asked "$killed" || die "pod/$lost answered on its own node while it was killed ($killed): $(since asked "$killed")"
  ! answered_since said "$killed" || die "pod/$lost was heard on its own node while it was killed ($killed): $(since said "$killed")"
  say "    $(awk '$2 == 200 {++n} END {print n " questions answered on the node, " NR - n " not"}' "$CLUSTER_DIR/logs/asked.txt")"
  end_loads
}
link_is() { in_space switch ip link set "$cut" "$1"; }
agent_gets() { kill "-$1" "$(daemon_pid "$cut")"; }

step "a node is cut off"
spec "$ROUNDS" '[sh, -c, "trap : TERM; fl-serve & until wait; do :; done"]' | cluster_cli apply -f - --wait >/dev/null
falls_silent link_is down

step "it comes back"
comes_back link_is up

[ -n "${FL_LONG:-}" ] || exit 0
step "an agent is stopped, its node is not"
falls_silent agent_gets STOP

step "it goes on"
comes_back agent_gets CONT
