# SPDX-License-Identifier: Apache-2.0
# Sourced by tests of whole clusters, after deploy/local/cluster.sh: everything that
# the cluster CLUSTER holds on this machine, one thing a line, so that what is left
# over is the difference of two censuses. Pids do not appear: a daemon that was
# started again is the same thing. Also what such tests do with daemons.
#
#   census > before; ...; no_more_than before || die "..."

# What an agent keeps of pods that are gone is nothing; what it keeps of itself is listed by name.
census() {
  local name tree
  {
    cluster_spaces | sed 's/^/namespace /'
    for name in $(node_names "$(cluster_size)"); do
      in_space "$name" ip -o link | awk -v n="$name" '{sub(/@.*/, "", $2); print "link " n " " $2}'
      in_space "$name" ip -o addr | awk -v n="$name" '$4 !~ /^fe80/ {print "address " n " " $2 " " $4}'
      in_space "$name" nft list tables | sed "s/^/$name /"
      # objects.log, agent.state and layers are the node's own.
      (cd "$CLUSTER_DIR/$name" && find state run \( -path state/layers -prune \) -o -type f -print -o -type d -print |
        sed "s/^/file $name /")
    done
    cluster_mounts | sed 's/^/mount /'
    [ ! -d "$PINS/$CLUSTER" ] || find "$PINS/$CLUSTER" | sed 's/^/pin /'
    for tree in $(cgroup_trees); do find "$tree" -type d; done | sed 's/^/cgroup /'
    processes | sort | uniq -c | sed 's/^ */processes /'
    taken_addresses
  } | sort
}

# Names of the processes in the cluster's namespaces and cgroups.
processes() {
  local pid
  for pid in $( (space_pids && pod_pids) | sort -un); do
    cat "/proc/$pid/comm" 2>/dev/null || true
  done
}

# Leases in use; those that rest in quarantine come free by themselves.
taken_addresses() {
  curl -s --unix-socket "$CLUSTER_DIR/control.sock" http://control/metrics |
    grep '^fairlead_addresses{.*state="held"' | sed 's/^/lease /' || true
}

# no_more_than FILE: waits until the census is the one in FILE; else says what differs.
no_more_than() {
  local end=$((SECONDS + 20))
  until census >"$CLUSTER_DIR/census" && [ -z "$(comm -3 "$1" "$CLUSTER_DIR/census")" ]; do
    [ "$SECONDS" -lt "$end" ] || {
      say "only before, or (indented) only now:"
      comm -3 "$1" "$CLUSTER_DIR/census" | head -n 40
      return 1
    }
    sleep 0.2
  done
}

# kill_daemon NAME: SIGKILL, and the end of all its threads: the first may be a zombie while another still
# ends in the kernel and holds the lock of the state folder.
kill_daemon() {
  local pid
  pid=$(daemon_pid "$1") || return 1
  kill -KILL "$pid"
  while ! awk '{exit !($3 == "Z" && $20 < 2)}' "/proc/$pid/stat" 2>/dev/null && [ -d "/proc/$pid" ]; do sleep 0.02; done
}

# again NAME: its agent or control, without the shell's word when it is killed.
again() {
  if [ "$1" = control ]; then launch_control; else start_agent "$1"; fi
  disown
}

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}
