# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: the local cluster, nodes as network namespaces.

dev_up() { usage "usage: ./dev up [--nodes N] [--once]" "$@"; die "up: the programs are not built yet"; }
dev_down() { usage "usage: ./dev down" "$@"; say "no local cluster"; }
dev_shell() { usage "usage: ./dev shell NODE" "$@"; die "shell: no local cluster"; }
