#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The demo as a machine plays it. First daemons are killed, all at once and one
# by one: no request fails, and none needs a second try. Then pods, too: none
# fails. What ends it leaves nothing.
set -euo pipefail
. "$1/tests/support/cluster.sh"
. "$ROOT/deploy/demo/images.sh"
show_logs() { :; } # ./dev does

if ! demo_packages; then
  [ -n "$(apt-cache madison redis-server)" ] || [ -z "$(apt-cache madison bash)" ] || die "apt does not know redis-server"
  skip "build/demo has no packages of nginx and redis, and apt-get cannot fetch them here"
fi
said=$("$ROOT/dev" demo --no-build --script x,a,p,c,p --seconds 9 2>&1) || die "$said"
say "$said"
grep -qE '^0 of [0-9,]+ requests failed' <<<"$said" || die "requests failed, or none was sent"
[ "$(grep -c ' killed ' <<<"$said")" -ge 4 ] || die "too little was killed"
report_leftovers || die "the demo left something"
say "1 play of 5 keys"
