# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: takes a cluster away, also one that is half made or
# crashed, in the order in which things hold each other: daemons, pods'
# processes (found by cgroup), conmons (by the node's namespace), cgroups,
# mounts, pins, namespaces, folders. Then looks whether anything is left.

PINS=/sys/fs/bpf/fairlead
CGROUPS=/sys/fs/cgroup

cgroup_trees() {
  local tree
  for tree in "$CGROUPS"/fairlead "$CGROUPS"/*/fairlead; do
    [ ! -d "$tree/$CLUSTER" ] || say "$tree/$CLUSTER"
  done
}

# Pids inside the cluster's cgroups: processes of pods.
pod_pids() {
  local tree
  for tree in $(cgroup_trees); do
    find "$tree" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done | sort -un
}

# Pids inside the cluster's namespaces: daemons, conmons, whatever a user left there.
space_pids() {
  local paths
  mapfile -t paths < <(cluster_spaces | sed 's|^|/run/netns/|')
  [ ${#paths[@]} -gt 0 ] || return 0
  # A process may end while it is looked at; stat complains, the rest counts.
  { stat -Lc '%i space' "${paths[@]}"; stat -Lc '%i %n' /proc/[0-9]*/ns/net || true; } 2>/dev/null |
    awk '$2 == "space" {ours[$1] = 1; next} $1 in ours {split($2, part, "/"); print part[3]}'
}

# end_pids SIGNAL SECONDS LISTER: signals what the lister lists until it lists nothing.
end_pids() {
  local signal=$1 end=$((SECONDS + $2)) lister=$3 pids
  while pids=$($lister) && [ -n "$pids" ]; do
    # shellcheck disable=SC2086
    kill "-$signal" $pids 2>/dev/null || true
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

stop_daemons() {
  local file
  for file in "$CLUSTER_DIR"/*.pid; do
    [ ! -e "$file" ] || stop_daemon "$(basename "$file" .pid)"
  done
}

remove_cgroups() {
  local tree turn
  for tree in $(cgroup_trees); do
    for turn in {1..40}; do
      find "$tree" -depth -type d -exec rmdir {} + 2>/dev/null || true
      [ -d "$tree" ] || break
      sleep 0.05
    done
    rmdir "${tree%/*}" 2>/dev/null || true
  done
}

# Mount points below the cluster's folder, deepest first.
cluster_mounts() {
  local point
  while read -r _ _ _ _ point _; do
    point=$(printf '%b' "$point")
    [[ $point != "$CLUSTER_DIR/"* ]] || say "$point"
  done </proc/self/mountinfo | sort -r
}

remove_mounts() {
  local point
  while read -r point; do
    umount -l "$point" || true
  done < <(cluster_mounts)
}

remove_pins() {
  [ -d "$PINS" ] || return 0
  rm -rf "${PINS:?}/$CLUSTER"
  rmdir "$PINS" 2>/dev/null || true
}

unmount_bpffs() {
  [ -e "$CLUSTER_DIR/mounted-bpffs" ] || return 0
  # The kernel's own maps.debug and progs.debug are always there.
  [ -n "$(find /sys/fs/bpf -mindepth 1 ! -name '*.debug' -print -quit)" ] || umount /sys/fs/bpf || true
}

remove_spaces() {
  local space
  for space in $(cluster_spaces); do
    umount -l "/run/netns/$space" 2>/dev/null || true
    rm -f "/run/netns/$space"
  done
  rmdir /run/netns 2>/dev/null || true
}

remove_folders() {
  [ -d "$CLUSTER_DIR" ] || return 0
  find "$CLUSTER_DIR" -xdev -mindepth 1 -maxdepth 1 ! -name logs -exec rm -rf --one-file-system {} +
  [ -n "$(ls -A "$CLUSTER_DIR/logs" 2>/dev/null)" ] || rm -rf "$CLUSTER_DIR"
}

remove_cluster() {
  stop_daemons
  end_pids KILL 10 pod_pids || true
  end_pids TERM 2 space_pids || end_pids KILL 5 space_pids || true
  remove_cgroups
  remove_mounts
  remove_pins
  SURVIVORS=$(space_pids) # without its namespace nobody finds them
  remove_spaces
  unmount_bpffs
  remove_folders
  report_leftovers
}

# Those of $SURVIVORS that have not ended meanwhile, and their programs.
surviving() {
  local pid
  for pid in ${SURVIVORS:-}; do
    # A zombie has no namespace any more.
    [ ! -e "/proc/$pid/ns/net" ] || say "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"
  done
}

# Nothing may be left; says what is.
report_leftovers() {
  local left
  left=$(
    cluster_spaces | sed 's/^/namespace /'
    cgroup_trees | sed 's/^/cgroup /'
    cluster_mounts | sed 's/^/mount /'
    [ ! -e "$PINS/$CLUSTER" ] || say "pins $PINS/$CLUSTER"
    pod_pids | sed 's/^/process /'
    surviving | sed 's/^/process /'
    [ ! -d "$CLUSTER_DIR" ] || find "$CLUSTER_DIR" -mindepth 1 -maxdepth 1 ! -name logs | sed 's/^/file /'
  )
  [ -z "$left" ] || {
    printf 'left behind: %s\n' "$left" >&2
    return 1
  }
}
