#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Probes as a user of a cluster sees them: a container that fails its live probe
# is stopped and started again, with the cause in its events; one whose probe
# hangs holds up no other, and nothing of a probe is left behind. An exec ends with
# who asked for it; one into what is not there is refused by its name.
set -euo pipefail
. "$1/tests/support/cluster.sh"

pod_line() { cluster_cli get pods | grep -E "^$1-[^ ]+ +$1 "; }
is_like() { pod_line "$1" | grep -qE "$2"; } # JOB PATTERN
has_event() { cluster_cli events | grep -qF "$1"; }
probe_processes() { # of every container, in whichever hierarchy counts processes
  find /sys/fs/cgroup -path "*/fairlead/$CLUSTER/*/probe-*/cgroup.procs" -exec cat {} + 2>/dev/null
}
no_probe_runs() { [ -z "$(probe_processes)" ]; }

start_cluster 1

job() { # NAME PROBE...: one container that does nothing, and its probes
  cat <<SPEC
---
kind: Job
name: $1
grace: 1s
containers:
  - name: main
    image: oci:busybox
    command: [sleep, infinity]
    resources: {cpu: 0.1, memory: 32MiB}
SPEC
  printf '    %s\n' "${@:2}"
}
{
  job sick 'ready: {exec: [test, -d, /tmp], every: 500ms}' \
    'live: {exec: [sh, -c, "echo no disk >&2; false"], every: 500ms, failures: 2}'
  job stuck 'ready: {exec: [sh, -c, "echo thinking; sleep 4441 & sleep 4441"], every: 500ms, timeout: 1s, failures: 1}'
  job well 'ready: {exec: [test, -d, /tmp], every: 500ms}' 'live: {exec: ["true"], every: 500ms}'
} | cluster_cli apply -f - >/dev/null

step "a container without life is started again, and why is told"
eventually 60 is_like sick 'n1 .* [1-9][0-9]* +[0-9hms]+ ' || die "sick was never restarted"
has_event "container main: failed its live probe 2 times: probe of sh: exit 1: no disk" || die "no event says why"

step "a probe that hangs is ended by its timeout, and others go on"
eventually 30 is_like stuck 'running .*probe of sh: no end in 1s: thinking' || die "stuck does not say why it is not ready"
eventually 30 is_like well ' ready +0 ' || die "well is not ready, or was restarted"

step "an exec ends with who asked for it, and with its agent"
well=$(pod_line well | awk '{print $1}')
exec_processes() { find /sys/fs/cgroup -path "*/fairlead/$CLUSTER/*/exec-*/cgroup.procs" -exec cat {} + 2>/dev/null; }
exec_runs() { [ "$(exec_processes | sort -u | wc -l)" -ge 2 ]; }
no_exec_runs() { [ -z "$(exec_processes)" ]; }
begin_exec() {
  "$BUILD/bin/fairlead" --socket "$CLUSTER_DIR/control.sock" exec "$well" -- \
    sh -c 'sleep 4442 & sleep 4442' </dev/null >/dev/null 2>&1 &
  asker=$!
  disown
  eventually 20 exec_runs || die "the exec does not begin"
}
begin_exec
kill -KILL "$asker"
eventually 20 no_exec_runs || die "it outlives who asked for it: $(exec_processes)"
begin_exec
kill_daemon n1
again n1
eventually 20 no_exec_runs || die "it outlives its agent: $(exec_processes)"
kill -KILL "$asker" 2>/dev/null || true
until_true 20 n1 cluster_cli exec "$well" -- true || die "no exec is possible after that"

step "a container that is not there, or does not run, is refused by its name"
for verb in "logs $well -c nope" "exec $well -c nope -- true"; do
  # shellcheck disable=SC2086
  answer=$(cluster_cli $verb 2>&1) && die "$verb: is taken"
  [[ $answer == *"pod/$well: has no container nope. It has: main"* ]] || die "$verb: $answer"
done

step "what goes leaves nothing of its probes"
cluster_cli delete job stuck >/dev/null
cluster_cli delete job sick >/dev/null
eventually 30 sh -c "! '$BUILD/bin/fairlead' --socket '$CLUSTER_DIR/control.sock' get pods | grep -qE '^(stuck|sick)-'" ||
  die "pods are left"
cluster_cli delete job well >/dev/null
eventually 30 no_probe_runs || die "a probe still runs: $(probe_processes)"
say "5 cases"
