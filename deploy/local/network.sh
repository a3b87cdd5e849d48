# SPDX-License-Identifier: Apache-2.0
# Sourced by ./dev: the local cluster's wires.
#
#      n1          n2          n3 ..            control        outside
#   .77.1 |     .77.2 |     .77.3 |           .77.254 |       .77.253 |  and 203.0.113.1,
#    .----+-----------+-----------+-------------------+---------------+- 2001:db8:113::1
#                          switch (bridge br0)          192.168.77.0/24, fd77::/64, MTU 1500
#
# outside is the nodes' default gateway and has no route to pods: whatever
# reaches a pod through it was masqueraded. Namespaces are made by unshare, not
# by `ip netns add`, which leaves /run/netns itself mounted.

UNDERLAY4=192.168.77
UNDERLAY6=fd77:
CONTROL_HOST=254
OUTSIDE_HOST=253
OUTSIDE4=203.0.113.1
OUTSIDE6=2001:db8:113::1

space_path() { say "/run/netns/fl-$CLUSTER-$1"; }

cluster_spaces() {
  local path
  for path in /run/netns/fl-"$CLUSTER"-*; do
    [ ! -e "$path" ] || say "${path##*/}"
  done
}

# in_space NAME COMMAND...: never `ip netns exec`, which remounts /sys and hides the pins.
in_space() {
  local space=$1
  shift
  nsenter --net="$(space_path "$space")" -- "$@"
}

mount_bpffs() {
  mountpoint -q /sys/fs/bpf && return
  mount -t bpf bpf /sys/fs/bpf
  touch "$CLUSTER_DIR/mounted-bpffs"
}

make_space() {
  local path
  path=$(space_path "$1")
  mkdir -p /run/netns
  touch "$path"
  unshare --net="$path" true
  in_space "$1" sh -e <<'SH'
    ip link set lo up
    for family in all default; do
      echo 0 > /proc/sys/net/ipv4/conf/$family/rp_filter
      echo 1 > /proc/sys/net/ipv6/conf/$family/forwarding
      echo 0 > /proc/sys/net/ipv6/conf/$family/accept_dad
    done
    echo 1 > /proc/sys/net/ipv4/ip_forward
SH
}

make_switch() {
  make_space switch
  in_space switch sh -e <<'SH'
    ip link add br0 type bridge
    ip link set br0 mtu 1500 up
    for table in ip ip6 arp; do
      knob=/proc/sys/net/bridge/bridge-nf-call-${table}tables
      [ ! -e $knob ] || echo 0 > $knob
    done
SH
}

# plug NAME HOST: a namespace with eth0 on the switch, addresses .HOST and ::HOST (in hexadecimal).
plug() {
  local name=$1 host=$2
  make_space "$name"
  in_space switch ip -batch - <<IP
link add $name type veth peer name eth0 netns fl-$CLUSTER-$name
link set $name mtu 1500 master br0 up
IP
  in_space "$name" ip -batch - <<IP
link set eth0 mtu 1500 up
addr add $UNDERLAY4.$host/24 dev eth0
addr add $UNDERLAY6:$(printf %x "$host")/64 dev eth0 nodad
IP
}

make_outside() {
  plug outside "$OUTSIDE_HOST"
  in_space outside ip -batch - <<IP
addr add $OUTSIDE4/32 dev lo
addr add $OUTSIDE6/128 dev lo
IP
}

make_network() {
  local k
  make_switch
  make_outside
  plug control "$CONTROL_HOST"
  for ((k = 1; k <= $1; k++)); do
    plug "n$k" "$k"
    in_space "n$k" ip route add default via "$UNDERLAY4.$OUTSIDE_HOST"
    in_space "n$k" ip -6 route add default via "$UNDERLAY6:$(printf %x "$OUTSIDE_HOST")"
  done
}
