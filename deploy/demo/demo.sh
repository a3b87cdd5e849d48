# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: nginx and redis under load on a local cluster of three
# nodes, and whoever watches may kill any daemon and any pod. Everything goes at
# the end, however it ends.

DEMO_NODES=3

# shellcheck source=deploy/demo/images.sh
. "$ROOT/deploy/demo/images.sh"

dev_demo() {
  usage "usage: ./dev demo [--script KEYS --seconds N] [--no-build]
nginx and redis, three pods each, behind virtual addresses on a local cluster of $DEMO_NODES nodes,
asked some hundred times a second from pods on every node, over IPv4 and IPv6. A line counts requests and
failures while you kill any daemon or pod by a key; the keys are on the screen. The images are made of
Debian's packages (apt-get download, kept in build/demo). The end removes everything.
  --script KEYS  nobody presses keys: KEYS (like c,a,p) are pressed at equal distances in
                 N seconds; exit 0 only when no request failed, and none had to be asked
                 again before the first pod was killed
  --seconds N    how long, 20 unless told; only with --script
  --no-build     take build/$PRESET as it is
  example: ./dev demo --script c,a,p,x --seconds 30" "$@"
  local script='' seconds=20 build=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --script) script=${2:-} && shift ;;
      --seconds) seconds=${2:-} && shift ;;
      --no-build) build= ;;
      *) die "demo: unknown option '$1' (see ./dev demo --help)" ;;
    esac
    shift || die "demo: an option needs a value (see ./dev demo --help)"
  done
  [[ $script =~ ^([capx](,[capx])*)?$ ]] || die "demo: --script '$script': keys c, a, p, x with commas between"
  [[ $seconds =~ ^[1-9][0-9]{0,3}$ ]] || die "demo: --seconds '$seconds': give 1 to 9999"
  [ -n "$script" ] || [ -t 0 ] || die "demo: no keyboard here; give --script KEYS (see ./dev demo --help)"
  need_root demo
  check_cluster_name
  [ -z "$build" ] || configure_and_build "$PRESET"
  refuse_foreign_cluster
  refuse_running demo
  demo_images
  run_demo "$script" "$seconds"
}

# As a service manager does with Restart=always and RestartSec=1.
keep_daemons() {
  local name
  while sleep 0.2; do
    for name in control $(node_names "$DEMO_NODES"); do
      daemon_runs "$name" && continue
      sleep 1
      if [ "$name" = control ]; then launch_control; else start_agent "$name"; fi
      disown -a
    done
  done
}

run_demo() {
  local script=$1 seconds=$2 code=0 job arguments=()
  [ -z "$script" ] || arguments=(--script "$script" --seconds "$seconds")
  KEEPER=
  trap 'end_demo $?' EXIT
  trap 'exit 130' INT TERM
  [ ! -d "$CLUSTER_DIR" ] || remove_cluster
  make_cluster "$DEMO_NODES"
  step "nginx and redis"
  cluster_cli apply -f "$ROOT/deploy/demo/jobs.yaml" >/dev/null || die "demo: apply was refused"
  for job in nginx redis clients; do
    cluster_cli wait "job/$job" --for ready || die "demo: job/$job did not become ready"
  done
  disown -a  # bash would tell of each killed one
  keep_daemons &
  KEEPER=$!
  python3 -B "$ROOT/deploy/demo/show.py" "$BUILD" "$CLUSTER_DIR" "$DEMO_NODES" "${arguments[@]}" || code=$?
  exit $code
}

end_demo() {
  local code=$1
  trap - EXIT INT TERM
  if [ -n "$KEEPER" ]; then
    kill "$KEEPER" 2>/dev/null || true
    wait "$KEEPER" 2>/dev/null || true
  fi
  [ "$code" = 0 ] || show_logs
  step "removing the cluster"
  remove_cluster || code=1
  exit "$code"
}
