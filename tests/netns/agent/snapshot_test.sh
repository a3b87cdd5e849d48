#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A snapshot of a running cluster, everything of control wiped, the snapshot
# restored: the pods go on with the containers that they had, what was made
# after the snapshot is stopped, and the cluster takes work again.
set -euo pipefail
. "$1/tests/support/cluster.sh"
SAVED=$CLUSTER_DIR/monday.snap

same_containers() { [ "$(container_pids)" = "$before" ]; }
revision() { cluster_cli version | sed -n 's/.*revision //p'; }

start_cluster 2
cluster_cli apply -f "$ROOT/deploy/examples/hello.yaml" >/dev/null
eventually 30 ready_pods 4 || die "four pods do not become ready"
before=$(container_pids)

step "a snapshot is saved while writes go on"
(for i in 1 2 3 4 5 6 7 8; do printf 'kind: Namespace\nname: ns%s\n' "$i" | cluster_cli apply -f - >/dev/null; done) &
writes=$!
cluster_cli snapshot save "$SAVED"
wait "$writes"
cluster_cli snapshot inspect "$SAVED" -o json | grep -q "\"cluster\": \"$CLUSTER\"" || die "inspect names no cluster"
{ head -c 700 "$SAVED" && printf '\377' && tail -c +702 "$SAVED"; } >"$SAVED.bad"
told=$(cluster_cli snapshot inspect "$SAVED.bad" 2>&1) && die "a changed byte is not seen: $told"
[[ $told == *"checksum is wrong"* || $told == *"cannot be read"* ]] || die "the damage is not named: $told"
cluster_cli snapshot restore "$SAVED.bad" --data "$CLUSTER_DIR/bad" 2>/dev/null && die "a damaged snapshot was restored"
[ -z "$(ls "$CLUSTER_DIR/bad")" ] || die "a refused restore leaves $(ls "$CLUSTER_DIR/bad")"

step "a job that the snapshot does not know"
cluster_cli apply -f - --wait >/dev/null <<'SPEC'
kind: Job
name: later
type: service
grace: 1s
containers:
  - {name: later, image: "oci:hello", command: [/bin/sleep, infinity], resources: {cpu: 0.05, memory: 16MiB}}
SPEC
seen=$(revision)

step "control and all that it stored are gone; the snapshot is restored"
kill_daemon control
cluster_cli snapshot restore "$SAVED" --data "$CLUSTER_DIR/control" 2>/dev/null && die "a store was overwritten"
rm -rf "$CLUSTER_DIR/control"
cluster_cli snapshot restore "$SAVED" --data "$CLUSTER_DIR/control"
again control
until_true 10 control cluster_cli get nodes || die "fairlead-control does not start on the restored store"
[ "$(revision)" -gt "$seen" ] || die "revisions that agents have seen are given again: $(revision) after $seen"
wait_for_nodes 2
eventually 30 ready_pods 4 || die "the pods are not ready again: $(cluster_cli get pods)"
eventually 30 same_containers || die "containers are others than before: $(container_pids | tr '\n' ' ')"
[[ $(cluster_cli get jobs) != *later* ]] || die "the job came back from nowhere"

step "the cluster takes work again"
printf 'kind: Namespace\nname: after\n' | cluster_cli apply -f - >/dev/null
[[ $(cluster_cli get namespaces) == *after* ]] || die "nothing can be applied"
say "1 snapshot, 1 restore, $(compgen -G "$CLUSTER_DIR/n?/state/pods/*/c/*/pid" | wc -l) containers adopted with the pids that they had"
