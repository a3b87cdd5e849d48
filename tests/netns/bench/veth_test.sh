#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench_veth_lb, one row of it: frames go over a link, through the edge, and all come back.
set -euo pipefail
said=$("$2/bin/bench_veth_lb" --quick --only udp6/flows=1 --json)
printf '%s\n' "$said"
grep -q '"case":"udp6/flows=1".*"ratio":' <<<"$said"
