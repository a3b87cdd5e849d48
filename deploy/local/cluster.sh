# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: the local cluster. Its commands, and where its things lie:
#
#   build/dev/cluster/control.sock    what people talk to
#                    /token           what agents join with
#                    /control/  /nK/  state and run folders, pid files
#                    /logs/           kept when the cluster is gone
#   /run/netns/fl-CLUSTER-NAME        namespaces: n1..nN, switch, control, outside
#   /sys/fs/bpf/fairlead/CLUSTER      pins;  /sys/fs/cgroup/*/fairlead/CLUSTER  pods
#
# FAIRLEAD_CLUSTER (default: dev) keeps two checkouts on one machine apart.

CLUSTER=${FAIRLEAD_CLUSTER:-dev}
CLUSTER_DIR=$BUILD/cluster
[ "$CLUSTER" = dev ] || CLUSTER_DIR=$BUILD/cluster-$CLUSTER
MAX_NODES=8

# shellcheck source=deploy/local/network.sh
. "$ROOT/deploy/local/network.sh"
. "$ROOT/deploy/local/daemons.sh"
. "$ROOT/deploy/local/removal.sh"
. "$ROOT/deploy/local/session.sh"

check_cluster_name() {
  [[ $CLUSTER =~ ^[a-z][a-z0-9]{0,5}$ ]] ||
    die "FAIRLEAD_CLUSTER='$CLUSTER': use a letter and at most five more letters or digits"
}

node_names() {
  local k
  for ((k = 1; k <= $1; k++)); do say "n$k"; done
}

cluster_size() { cat "$CLUSTER_DIR/size" 2>/dev/null || say 0; }

# Everything that was started still runs, and there are as many nodes as asked for.
is_up() {
  [ "$(cluster_size)" = "$1" ] || return 1
  local name
  for name in control $(node_names "$1"); do
    daemon_runs "$name" || return 1
  done
}

# The programs of a cluster that do not run, of those that were started.
dead_daemons() {
  local name
  for name in control $(node_names "$(cluster_size)"); do
    daemon_runs "$name" || say "$name"
  done
}

# A cluster whose daemons were killed holds somebody's jobs: they are started again and find their state.
# False: there is nothing to go on from.
revive_cluster() {
  local name dead
  [ "$(cluster_size)" = "$1" ] && [ -s "$CLUSTER_DIR/token" ] || return 1
  for name in control switch $(node_names "$1"); do
    [ -e "$(space_path "$name")" ] || return 1
  done
  dead=$(dead_daemons)
  [ -z "$dead" ] || step "starting again what does not run:" $dead
  for name in $dead; do
    if [ "$name" = control ]; then restart_control; else start_agent "$name"; fi
  done
  wait_for_nodes "$1"
}

refuse_foreign_cluster() {
  [ -d "$CLUSTER_DIR" ] && return 0
  [ -z "$(cluster_spaces)" ] ||
    die "a cluster '$CLUSTER' of another checkout is on this machine; use another name (FAIRLEAD_CLUSTER=dev2 ./dev up), or remove it: ./dev down --force"
}

# A cluster of another size of which something runs holds somebody's jobs: only ./dev down ends it.
refuse_other_size() {
  local size
  size=$(cluster_size)
  [ "$size" != 0 ] && [ "$size" != "$1" ] && [ "$(dead_daemons | wc -l)" -le "$size" ] || return 0
  die "up: a cluster of $size runs already, with its jobs; end it first: $(typed down)"
}

# What --once makes it also removes: not a cluster that somebody uses.
refuse_running() { # WHO
  local size
  size=$(cluster_size)
  [ "$size" = 0 ] || [ "$(dead_daemons | wc -l)" -gt "$size" ] ||
    die "$1: a cluster '$CLUSTER' runs, with its jobs; end it first: $(typed down)"
}

make_cluster() {
  local nodes=$1
  mkdir -p "$CLUSTER_DIR/logs"
  rm -f "$CLUSTER_DIR"/logs/*
  say "$nodes" >"$CLUSTER_DIR/size"
  step "making ${nodes} node(s): namespaces, links, addresses"
  mount_bpffs
  make_network "$nodes"
  start_outside
  step "starting fairlead-control"
  start_control
  step "starting $nodes fairlead-agent"
  local name
  for name in $(node_names "$nodes"); do start_agent "$name"; done
  wait_for_nodes "$nodes"
}

dev_up() {
  usage "usage: ./dev up [--nodes N] [--once] [--bare] [--no-build]
Builds, makes a local cluster of N nodes (1 to $MAX_NODES, default 3) as network namespaces and does
what a user would do first: apply a spec, look at it, resolve its name, send it requests.
The cluster stays until ./dev down. Of one whose daemons were killed those are started again.
  --once   check the result of each step, remove the cluster, exit 0 or say what failed; how long
           the first request took is printed, not checked
  --bare   only the cluster, without the walk
  --no-build  take build/$PRESET as it is
FAIRLEAD_CLUSTER=NAME (at most 6 letters and digits, default dev) keeps two clusters apart.
  example: ./dev up --nodes 5" "$@"
  local nodes=3 once='' bare='' build=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --nodes)
        nodes=${2:-}
        shift
        ;;
      --nodes=*) nodes=${1#*=} ;;
      --once) once=yes ;;
      --bare) bare=yes ;;
      --no-build) build= ;;
      *) die "up: unknown option '$1' (see ./dev up --help)" ;;
    esac
    shift || die "up: --nodes needs a number"
  done
  [[ $nodes =~ ^[1-$MAX_NODES]$ ]] || die "up: --nodes '$nodes': give 1 to $MAX_NODES"
  need_root up
  check_cluster_name
  [ -z "$build" ] || configure_and_build "$PRESET"
  refuse_foreign_cluster
  bring_up "$nodes" "$once" "$bare"
}

bring_up() {
  local nodes=$1 once=$2 bare=$3
  SECONDS_AT_START=$(now)
  if [ -z "$once" ] && is_up "$nodes"; then
    step "the cluster is up already"
  elif [ -z "$once" ] && revive_cluster "$nodes"; then
    step "the cluster is up again, with its jobs"
  else
    refuse_other_size "$nodes"
    [ -z "$once" ] || refuse_running up
    [ ! -d "$CLUSTER_DIR" ] || remove_cluster
    if [ -n "$once" ]; then
      trap 'end_once $?' EXIT
    else
      trap 'explain_failure $?' EXIT
    fi
    make_cluster "$nodes"
  fi
  [ -n "$bare" ] || walk "$nodes"
  [ -n "$once" ] || farewell
}

now() { date +%s.%N; }

# What `up --once` does however it ends.
end_once() {
  local code=$1
  trap - EXIT
  [ "$code" = 0 ] || show_logs
  step "removing the cluster"
  remove_cluster || code=1
  [ "$code" = 0 ] && step "all as expected, nothing left behind"
  exit "$code"
}

explain_failure() {
  [ "$1" = 0 ] && return
  show_logs
  say "the cluster is left as it is; $(typed down) removes it"
}

show_logs() {
  local log
  for log in "$CLUSTER_DIR"/logs/*.log; do
    [ -s "$log" ] || continue
    printf -- '--- %s\n' "${log#"$ROOT"/}" >&2
    tail -n 15 "$log" >&2
  done
}

# The command as one types it for this cluster.
typed() {
  [ "$CLUSTER" = dev ] || printf 'FAIRLEAD_CLUSTER=%s ' "$CLUSTER"
  say "./dev $*"
}

farewell() {
  cat <<TEXT

The cluster runs. Play with it:
  export PATH=$BUILD/bin:\$PATH FAIRLEAD_SOCKET=$CLUSTER_DIR/control.sock
  fairlead get nodes,pods,services
  $(typed shell n1)        a shell in a node's network
  $(typed down)            leave nothing
  $(typed up)              starts again what was killed
Logs are in ${CLUSTER_DIR#"$ROOT"/}/logs.
TEXT
}

dev_down() {
  usage "usage: ./dev down [--force]
Removes the local cluster: processes, pods, namespaces, mounts, pins and cgroups. Logs stay in
$CLUSTER_DIR/logs. --force removes one of the same name that another checkout made.
  example: sudo ./dev down" "$@"
  local force=''
  case ${1:-} in
    '') ;;
    --force) force=yes ;;
    *) die "down: unknown option '$1' (see ./dev down --help)" ;;
  esac
  need_root down
  check_cluster_name
  [ -n "$force" ] || refuse_foreign_cluster
  local found="removed cluster '$CLUSTER'"
  [ -n "$(cluster_spaces)" ] || found="there was no cluster '$CLUSTER'"
  remove_cluster || die "down: some of it could not be removed (see above)"
  say "$found; nothing of it is left"
}

dev_shell() {
  usage "usage: ./dev shell NODE [COMMAND...]
A shell (or one command) in the network of a node: n1.., control, switch or outside.
  example: ./dev shell n1 ip route" "$@"
  [ $# -gt 0 ] || die "shell: which node? there are: $(cluster_spaces | sed "s/^fl-$CLUSTER-//" | tr '\n' ' ')"
  need_root shell
  local node=$1
  shift
  [ -e "$(space_path "$node")" ] ||
    die "shell: no node '$node' (./dev up makes them); there are: $(cluster_spaces | sed "s/^fl-$CLUSTER-//" | tr '\n' ' ')"
  export PATH=$BUILD/bin:$PATH FAIRLEAD_SOCKET=$CLUSTER_DIR/control.sock
  [ $# -gt 0 ] || set -- env PS1="[$node] \\w\\$ " bash --norc
  exec nsenter --net="$(space_path "$node")" -- "$@"
}
