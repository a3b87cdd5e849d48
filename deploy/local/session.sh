# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: the first walk of a user through a fresh cluster, each
# command shown as it would be typed, each result checked. What is printed
# between the marks is also kept in build/dev/cluster/logs/session.txt.

WEB=http://web:80

# shown COMMAND...: prints the command and what it says as it comes; SAID keeps the latter.
shown() {
  local code=0
  printf '\n$ fairlead %s\n' "$(quoted "$@")" | tee -a "$TRANSCRIPT"
  cluster_cli "$@" 2>&1 | tee "$CLUSTER_DIR/said" | tee -a "$TRANSCRIPT" || code=$?
  SAID=$(cat "$CLUSTER_DIR/said")
  return $code
}

# quiet COMMAND...: the same, unseen.
quiet() { SAID=$(cluster_cli "$@" 2>&1); }

quoted() { say "$*" | sed "s|$ROOT/||g"; }

# expect WHAT COMMAND...: the walk ends at the first thing that is not so.
expect() {
  local what=$1
  shift
  "$@" || die "the walk stopped: $what; it said:
$SAID"
}

said() { grep -Eq -- "$1" <<<"$SAID"; }

pods_that_answered() { grep -cE '^web-[^ ]+ +n[0-9]+ +[0-9]+ ' <<<"$SAID"; }

web_pods() { cluster_cli get pods | awk '$2 == "web" && $0 ~ / ready / {print $1}'; }

walk() {
  local nodes=$1
  TRANSCRIPT=$CLUSTER_DIR/logs/session.txt
  : >"$TRANSCRIPT"
  step "a first session"
  walk_apply "$nodes"
  walk_names_and_requests "$nodes"
  walk_replacement
  walk_outside
}

walk_apply() {
  expect "apply was refused" shown apply -f "$ROOT/deploy/examples/hello.yaml"
  expect "job/web did not become ready" shown wait job/web --for ready
  expect "job/client did not become ready" quiet wait job/client --for ready
  expect "get failed" shown get nodes,pods,services
  expect "not every node is ready" test "$(grep -cE '^n[0-9]+ .* ready' <<<"$SAID")" = "$1"
  expect "no three ready pods of web" test "$(web_pods | wc -l)" = 3
}

walk_names_and_requests() {
  expect "the name does not resolve" shown exec client -- nslookup web.default.svc.cluster.internal
  expect "the name has no IPv4 address" said 'Address.*[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$'
  expect "the name has no IPv6 address" said 'Address.*[0-9a-f]+:.*:[0-9a-f]+$'
  expect "no request is answered" quiet exec client -- loadgen "$WEB" 1
  FIRST_SERVED=$(awk -v a="$SECONDS_AT_START" -v b="$(now)" 'BEGIN {printf "%.1f", b - a}')
  expect "requests failed" shown exec client -- loadgen "$WEB" 300
  expect "not all 300 were answered" said '300 answered, 0 failed'
  expect "not all three pods answered" test "$(pods_that_answered)" = 3
  expect "IPv6 requests failed" quiet exec client -- loadgen "$WEB" 50 -6
}

# A pod is deleted while requests go on: none may fail, and a new one takes its place.
walk_replacement() {
  local pod log=$CLUSTER_DIR/logs/during-delete.txt load code=0
  pod=$(web_pods | head -n1)
  cluster_cli exec client -- loadgen "$WEB" 1000 --pause 4 >"$log" 2>&1 &
  load=$!
  expect "delete was refused" shown delete pod "$pod"
  wait $load || code=$?
  SAID=$(cat "$log")
  expect "requests failed while $pod was replaced" test $code = 0
  expect "job/web did not become ready again" quiet wait job/web --for ready
  expect "requests failed after the replacement" shown exec client -- loadgen "$WEB" 300
  expect "not three pods answer after the replacement" test "$(pods_that_answered)" = 3
  expect "$pod was not replaced" test "$(web_pods | grep -cx "$pod")" = 0
}

walk_outside() {
  expect "no way out over IPv4" shown exec client -- wget -qO- "http://$OUTSIDE4:8080/"
  expect "the outside was not reached" said 'pod=outside'
  expect "no way out over IPv6" quiet exec client -- wget -qO- "http://[$OUTSIDE6]:8080/"
  step "first request served $FIRST_SERVED s after the start (aim: 10 s)"
}
