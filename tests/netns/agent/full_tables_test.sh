#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tables of a node's dataplane as an operator sees them: the level that is
# shown is what the kernel's maps hold; a full flow table refuses new flows by name
# and is shown; tables that do not fit are refused whole, and those that are go on.
set -euo pipefail
. "$1/tests/support/cluster.sh"
tell_more() {
  cluster_cli node tables
  cluster_cli node drops
  cluster_cli events node/n1
}

pins() { find "/sys/fs/bpf/fairlead/$CLUSTER/n1" -maxdepth 1 -name 'v*' -type d; }
rows() { local verb=$1; shift; python3 -B "$ROOT/tests/netns/agent/rows.py" "$verb" "$(pins)" "$@"; }
shown_is_so() { cluster_cli node tables n1 -o json | rows same; }
level() { cluster_cli node tables n1 | awk -v t="$1" '$2 == t {print $3 "/" $4}'; } # TABLE
refused() { cluster_cli node tables n1 | awk -v t="$1" '$2 == t {print $6}'; }
is_level() { [ "$(level "$1")" = "$2" ]; }
metrics() { curl -s --unix-socket "$CLUSTER_DIR/control.sock" http://control/metrics; }
metric_is() { [[ $(metrics) == *"$1{node=\"n1\",table=\"$2\"} $3
"* ]]; } # NAME TABLE VALUE
was_refused() { [ "$(refused "$1")" -gt 0 ]; }
ask() { cluster_cli exec client -- loadgen http://web:80 1 --pause 1; }
explained() { # TABLE WHAT
  cluster_cli events node/n1 | grep -F "TableFull" | grep -F "table $1 holds" | grep -qF "$2" &&
    cluster_cli explain node/n1 | grep -F "table $1 holds" | grep -qF "$2"
}
# The sweep takes flows of before out meanwhile.
is_full_and_shown() { rows fill flows && is_level flows 262144/262144; }
refuses() { rows fill flows && ! ask; }
job() { # NAME REPLICAS PORT
  cluster_cli apply -f - >/dev/null <<SPEC
kind: Job
name: $1
replicas: $2
grace: 1s
containers:
  - name: main
    image: oci:hello
    resources: {cpu: 0.1, memory: 32MiB}
    ports: {http: 8080}
expose: [{port: 80, to: http}]
SPEC
}

start_cluster 1
job web 2
cluster_cli apply -f - >/dev/null <<'SPEC'
kind: Job
name: client
grace: 1s
containers:
  - name: client
    image: oci:hello
    command: [sh, -c, trap exit TERM; sleep infinity & wait]
    resources: {cpu: 0.1, memory: 32MiB}
SPEC
eventually 30 ready_pods 3 || die "three pods do not become ready"
eventually 10 ask || die "no request passes"

step "the level that is shown is what the kernel's tables hold"
eventually 20 shown_is_so || die "$(shown_is_so)"
shown_is_so
eventually 10 metric_is fairlead_table_rows links 4 || die "the metrics have another level of links"
metric_is fairlead_table_capacity links 4096 || die "the metrics have another capacity of links"

step "a full flow table refuses by name, and is shown"
eventually 20 is_full_and_shown || die "a full table is not shown"
eventually 20 refuses || die "a new flow found room in a full table"
eventually 20 was_refused flows || die "what was refused is not shown"
explained flows 'new flows were dropped (FLOW_TABLE_FULL)' || die "explain and events do not say it"
rows free flows
eventually 10 ask || die "no request passes when there is room again"

step "tables that do not fit are refused whole, shown, and taken when there is room"
rows fill links
job late 1
eventually 20 was_refused links || die "nobody says that links was full"
eventually 10 is_level links 4096/4096 || die "links is not shown as full"
eventually 5 explained links 'what control said did not fit' || die "explain and events do not say it"
ask || die "the tables that were there do not serve any more"
rows free links
eventually 30 ready_pods 4 || die "the pod does not come into the tables when there is room again"
eventually 20 shown_is_so || die "$(shown_is_so)"

step "an agent that comes back takes out with its first tables what ended while there was none"
kill_daemon n1
rows fill-idle flows
ask && die "a new flow found room in a full table"
again n1
eventually 20 grep -q 'flows that ended while no agent ran are gone.*rows=[1-9]' "$CLUSTER_DIR/logs/n1.log" || die "nothing is swept"
eventually 20 ask || die "no request passes with the agent back"
say "levels of $(cluster_cli node tables n1 -o json | grep -c '"table"') tables"
