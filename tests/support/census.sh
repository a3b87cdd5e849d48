# SPDX-License-Identifier: Apache-2.0
# Sourced after tests/support/cluster.sh: everything that the cluster holds on
# this machine, one thing a line, so that what is left over is the difference of
# two censuses. Pids do not appear: a daemon that was started again is the same
# thing.
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

same_census() { census >"$CLUSTER_DIR/census" && [ -z "$(comm -3 "$1" "$CLUSTER_DIR/census")" ]; }

# no_more_than FILE: waits until the census is the one in FILE; else says what differs.
no_more_than() {
  eventually 20 same_census "$1" || {
    say "only before, or (indented) only now:"
    comm -3 "$1" "$CLUSTER_DIR/census" | head -n 40
    return 1
  }
}
