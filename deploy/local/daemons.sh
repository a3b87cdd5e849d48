# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: starts the cluster's programs, each in its namespace, with
# a pid file and a log; and stops them by pid.

JOIN_PORT=7400

pid_file() { say "$CLUSTER_DIR/$1.pid"; }

# The pid of a daemon that is really ours: a pid alone may belong to someone else by now.
daemon_pid() {
  local pid
  pid=$(cat "$(pid_file "$1")" 2>/dev/null) || return 1
  [ -n "$pid" ] && [[ $(readlink "/proc/$pid/exe") == "$BUILD/bin/"* ]] && say "$pid"
}

daemon_runs() { daemon_pid "$1" >/dev/null; }

# One that has just been launched may still be setsid or nsenter.
daemon_ended() { [ ! -d "/proc/$(cat "$(pid_file "$1")" 2>/dev/null || say none)" ]; }

# launch NAME SPACE PROGRAM ARGS...: setsid and nsenter execute in place, so $! is the program.
launch() {
  local name=$1 space=$2 program=$3
  shift 3
  [ -x "$BUILD/bin/$program" ] || die "$program is not built (looked for $BUILD/bin/$program)"
  setsid nsenter --net="$(space_path "$space")" -- "$BUILD/bin/$program" "$@" \
    </dev/null >>"$CLUSTER_DIR/logs/$name.log" 2>&1 &
  say $! >"$(pid_file "$name")"
}

# until_true SECONDS DAEMON COMMAND...: asks every 50 ms; ends early when the daemon, if one is named, has died.
until_true() {
  local end=$((SECONDS + $1)) daemon=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    sleep 0.05
    [ "$SECONDS" -lt "$end" ] || return 1
    [ -z "$daemon" ] || ! daemon_ended "$daemon" || "$@" >/dev/null 2>&1 || {
      say "$daemon has ended" >&2
      return 1
    }
  done
}

start_outside() {
  FAIRLEAD_POD=outside FAIRLEAD_NODE=outside launch outside outside fl-serve
}

cluster_cli() { "$BUILD/bin/fairlead" --socket "$CLUSTER_DIR/control.sock" "$@"; }

# FAIRLEAD_CONTROL_FLAGS: more flags for control, for tests that cannot wait for its defaults.
launch_control() {
  # shellcheck disable=SC2086
  launch control control fairlead-control --state-dir "$CLUSTER_DIR/control" \
    --socket "$CLUSTER_DIR/control.sock" --listen "$UNDERLAY4.$CONTROL_HOST:$JOIN_PORT" \
    --token-file "$CLUSTER_DIR/token" --insecure-plaintext --cluster "$CLUSTER" ${FAIRLEAD_CONTROL_FLAGS:-}
}

start_control() {
  mkdir -p "$CLUSTER_DIR/control"
  (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$CLUSTER_DIR/token")
  restart_control
}

restart_control() {
  launch_control
  until_true 10 control cluster_cli get nodes || die "fairlead-control does not answer"
}

# FAIRLEAD_UPLINK: a node's link, where it is not eth0.
start_agent() {
  local node=$1
  mkdir -p "$CLUSTER_DIR/$node/state" "$CLUSTER_DIR/$node/run"
  launch "$node" "$node" fairlead-agent --name "$node" --address "$UNDERLAY4.${node#n}" \
    --join "$UNDERLAY4.$CONTROL_HOST:$JOIN_PORT" --token-file "$CLUSTER_DIR/token" \
    --state-dir "$CLUSTER_DIR/$node/state" --run-dir "$CLUSTER_DIR/$node/run" \
    --images-dir "$BUILD/images" --uplink "${FAIRLEAD_UPLINK:-eth0}" --cluster "$CLUSTER" --insecure-plaintext "${@:2}"
}

node_is_ready() { cluster_cli get nodes | grep -Eq "^$1 .* ready( |\$)"; }

wait_for_nodes() {
  local node
  for node in $(node_names "$1"); do
    until_true 20 "$node" node_is_ready "$node" || die "node $node does not become ready"
  done
}

# Stops the named daemon: TERM, five seconds, KILL.
stop_daemon() {
  local pid turn
  if pid=$(daemon_pid "$1"); then
    kill "$pid" 2>/dev/null || true
    for turn in {1..100}; do
      daemon_runs "$1" || break
      sleep 0.05
    done
    if daemon_runs "$1"; then kill -9 "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$(pid_file "$1")"
}
