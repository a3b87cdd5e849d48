#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The ends of pods and of a node, on a cluster of three with real containers:
#
#   - so many rounds in which every pod of a job is replaced, under new and kept
#     connections through its name: no request fails, and the story says why;
#   - a node is cut off: its pods are lost and replaced, requests do not fail
#     once it is silent; it comes back, its old pods go, and nothing ever
#     answers at their addresses.
set -euo pipefail
. "$1/tests/support/cluster.sh"
ROUNDS=$(counted 10 100)
FAIRLEAD_CONTROL_FLAGS="--silent-after 3s --replace-after 4s"
start_cluster 3

# soon SECONDS WHAT COMMAND...: waits for something that happens by itself.
soon() { eventually "$1" "${@:3}" || die "not within bounds: $2"; }

spec() { # spec ROUND: three servers and a client
  cat <<YAML
kind: Job
name: web
replicas: 3
containers:
  - name: web
    image: oci:hello
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
load new
load kept --keep-alive
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

step "a node is cut off"
home=$(cluster_cli get pods | awk '$2 == "client" {print $3}')
cut=$(cluster_cli get pods | awk -v home="$home" '$2 == "web" && $3 != home {print $3; exit}')
read -r lost address < <(cluster_cli get pods | awk -v cut="$cut" '$2 == "web" && $3 == cut {print $1, $4; exit}')
in_space switch ip link set "$cut" down
is_state() { [ "$(cluster_cli get nodes | awk -v node="$1" '$1 == node {print $3}')" = "$2" ]; }
withdrawn() { cluster_cli exec client -- loadgen http://web:80 30 --timeout 300 >/dev/null 2>&1; }
soon 30 "$cut is silent" is_state "$cut" silent
soon 10 "no request goes to $cut" withdrawn
load after
replaced() { [ "$(cluster_cli get pods | awk '$2 == "web" && $5 == "ready" && $3 != "'"$cut"'"' | wc -l)" = 3 ]; }
soon 60 "the pods of $cut are replaced" replaced
cluster_cli get pods | grep -q "^$lost .* lost " || die "pod/$lost is not lost: $(cluster_cli get pods)"
alive() { [ -n "$(find "$CGROUPS" -path "*/fairlead/$CLUSTER/$cut/*" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]; }
alive || die "the cut node has no pod left: nothing would be shown"

step "it comes back"
cluster_cli exec client -- sh -c "until [ -e /tmp/stop ]; do
  wget -q -T 1 -O - http://$address:8080/ 2>/dev/null && exit 7; done; exit 0" >"$CLUSTER_DIR/logs/zombie.txt" 2>&1 &
LOADS="$LOADS $!:zombie"
in_space switch ip link set "$cut" up
soon 60 "$cut is ready" is_state "$cut" ready
left() { ! pods | grep -qx "$lost"; }
soon 30 "pod/$lost goes" left
gone() { ! alive; }
soon 10 "nothing of the old pods runs on $cut" gone
end_loads
cluster_cli events "pod/$lost" | grep -q 'CutOff' || die "the story of pod/$lost: $(cluster_cli events "pod/$lost")"
