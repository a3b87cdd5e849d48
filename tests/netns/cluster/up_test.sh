#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ./dev up where a cluster is: daemons that were killed are started again and find
# their state and jobs; what would end somebody's jobs is refused, whatever of the
# cluster is dead.
set -euo pipefail
. "$1/tests/support/cluster.sh"
up() { "$ROOT/dev" up --bare --no-build "$@"; }

step "a cluster of two, of which control and an agent are killed"
up --nodes 2 >/dev/null
cluster_cli apply -f "$ROOT/deploy/examples/hello.yaml" --wait >/dev/null
kill -9 "$(daemon_pid control)" "$(daemon_pid n2)"

step "what would end its jobs"
for refused in "--nodes 3" "--nodes 2 --once"; do
  # shellcheck disable=SC2086
  said=$(up $refused 2>&1) && die "./dev up $refused ended a cluster with jobs"
  [[ $said == *"runs"*"end it first"*"./dev down"* ]] || die "./dev up $refused said: $said"
done
said=$("$ROOT/dev" demo --no-build --script c --seconds 2 2>&1) && die "./dev demo ended a cluster with jobs"
[[ $said == *"runs, with its jobs"* ]] || die "./dev demo said: $said"

step "up again"
said=$(up --nodes 2)
[[ $said == *"starting again what does not run: control n2"* ]] || die "it said: $said"
is_up 2 || die "not all of it runs"
ready=$(cluster_cli get jobs -o json | grep -c '"ready": [13]')
[ "$ready" = 2 ] || die "its jobs are not what they were: $(cluster_cli get jobs)"
[[ $(up --nodes 2) == *"is up already"* ]] || die "a whole cluster was not left as it is"
