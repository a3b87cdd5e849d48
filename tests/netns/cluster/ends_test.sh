#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How containers end, told by their pods' stories, on one node with real
# containers:
#
#   - a pod deaf to TERM is deleted: the steps of its end, in order, none before
#     its time: TERM after `drain`, KILL after `grace`;
#   - a container that exits at once: each wait is longer than the one before,
#     none is cut short, and `get pods` says why.
#
# Times are only bounded from below: a busy machine is late, never early.
set -euo pipefail
. "$1/tests/support/cluster.sh"
start_cluster 1

soon() { eventually "$1" "${@:3}" || die "not within bounds: $2"; } # SECONDS WHAT COMMAND...
apply() { cluster_cli apply -f - "$@" >/dev/null; }
pod_of() { cluster_cli get pods | awk -v job="$1" '$2 == job {print $1}'; }
told() { cluster_cli events "pod/$1" | awk 'NR > 1 {print $3}' | grep -qx "$2"; } # POD REASON
check() { # POD SCRIPT: python with `events`, their (seconds, reason, cause) in order, and at(reason)
  cluster_cli events "pod/$1" -o json >"$CLUSTER_DIR/story.json"
  python3 - "$CLUSTER_DIR/story.json" <<PYTHON || die "pod/$1: $(cluster_cli events "pod/$1")"
import datetime, json, re, sys
EARLY = 0.05  # seconds: times are cut to the millisecond, and a clock may be set a little
def seconds(time):
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
events = [(seconds(e["time"]), e["reason"], e.get("message", "")) for e in json.load(open(sys.argv[1]))["events"]]
def at(reason):
    found = [index for index, event in enumerate(events) if event[1] == reason]
    if len(found) != 1: sys.exit(f"{reason}: {len(found)} times")
    return found[0]
$2
PYTHON
}

step "a pod deaf to TERM is deleted"
apply <<'YAML'
kind: Job
name: deaf
grace: 1s
containers:
  - name: web
    image: oci:hello
    command: [sh, -c, "trap : TERM; fl-serve & until wait; do :; done"]
    resources: {cpu: 0.05, memory: 32MiB}
    ports: {http: 8080}
    ready: {http: {port: http, path: /healthz}, every: 200ms}
update: {drain: 2s}
---
kind: Job
name: crash
containers:
  - name: once
    image: oci:hello
    command: [sh, -c, exit 3]
    resources: {cpu: 0.05, memory: 32MiB}
YAML
is_ready() { cluster_cli get pods | grep -q '^deaf-.* ready '; }
soon 20 "deaf is ready" is_ready
deaf=$(pod_of deaf)
cluster_cli delete job/deaf >/dev/null
soon 20 "pod/$deaf is gone" told "$deaf" Gone
check "$deaf" '
steps = ["Withdrawn", "Acknowledged", "Draining", "Term", "Kill", "Exited", "Gone"]
order = [at(reason) for reason in steps]
if order != sorted(order): sys.exit(f"not in the order {steps}")
def apart(first, then, least):
    passed = events[at(then)][0] - events[at(first)][0]
    print(f"    {then} {passed:.3f} s after {first}")
    if passed < least - EARLY: sys.exit(f"{then} came before its time")
apart("Acknowledged", "Term", 2)
apart("Term", "Kill", 1)'

step "a container that exits at once"
crash=$(pod_of crash)
soon 30 "pod/$crash loops" told "$crash" CrashLoop
cluster_cli get pods | grep -q "^$crash .* crash-loop: .*in a row; container once: exited with code 3" ||
  die "get pods does not say why: $(cluster_cli get pods)"
again() { [ "$(cluster_cli events "pod/$crash" | awk '$3 == "Started"' | wc -l)" -ge 4 ]; }
soon 30 "pod/$crash is tried a fourth time" again
check "$crash" '
ends = [time for time, reason, _ in events if reason == "Exited"]
starts = [time for time, reason, _ in events if reason == "Started"]
waits = [(reason, cause) for _, reason, cause in events if reason in ("BackingOff", "CrashLoop")]
told = [("BackingOff", "tried again in 1s"), ("BackingOff", "tried again in 2s"), ("CrashLoop", "tried again in 4s")]
if waits[:3] != told: sys.exit(f"other waits: {waits}")
for least, end, start in zip((1, 2, 4), ends, starts[1:]):
    print(f"    started {start - end:.3f} s after its end")
    if start - end < least - EARLY: sys.exit(f"started again before {least} s")
if not len(ends) <= len(starts) <= len(ends) + 1: sys.exit("starts and ends do not alternate")'
