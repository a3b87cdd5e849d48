# SPDX-License-Identifier: Apache-2.0
# Sourced behind tests/support/cluster.sh: a service of a cluster that the world may ask, by edges on n1 and n2.
#
#   outside 203.0.113.1 --- ECMP ---> n1: fairlead-lb and pods, n2: fairlead-lb and pods, n3: pods
#        ^------------------------- the pod's node answers directly
PEOPLE=$ROOT/tests/netns/lb/people.py
ask() { in_space outside python3 -B "$PEOPLE" ask "$VIP" 80 "$1"; }
lb() { # NODE COMMAND...
  local node=$1
  shift
  "$BUILD/bin/fairlead" lb "$@" --lb "$CLUSTER_DIR/$node.lb"
}
tell_more() {
  for node in n1 n2; do
    [ ! -S "$CLUSTER_DIR/$node.lb" ] || { lb $node status; lb $node backends; lb $node events | tail -n 40; } || true
  done
  for node in n1 n2 n3; do cluster_cli node drops $node || true; done
  cluster_cli events service/web | tail -n 40 || true
  cat "$CLUSTER_DIR"/*.held 2>/dev/null || true
}
let_go() {
  for holder in "${HOLDERS[@]}"; do kill -9 "$holder" 2>/dev/null || true; done
  for node in n1 n2; do
    stop_daemon "edge-$node"
    in_space $node "$BUILD/bin/fairlead-lb" --remove --name "$CLUSTER-$node" --state-dir "$CLUSTER_DIR/$node.edge" || true
  done
}
ENGINE=xdp
engine_says() { # Frames on a veth are sent back by the stack alone: its driver wants a program at the other end.
  [ "$ENGINE" = dpdk ] || printf 'interfaces: [eth0]\nmode: generic\n'
  [ "$ENGINE" = xdp ] || printf 'engine: dpdk\ndpdk: {devices: ["net_af_xdp0,iface=eth0"], taps: [edge0], memory: 64MiB}\n'
}
edge() { # NODE [CLUSTER]
  engine_says >"$CLUSTER_DIR/lb.yaml"
  launch "edge-$1" "$1" fairlead-lb --config "$CLUSTER_DIR/lb.yaml" --state-dir "$CLUSTER_DIR/$1.edge" --name "$CLUSTER-$1" \
    --socket "$CLUSTER_DIR/$1.lb" --control "$UNDERLAY4.$CONTROL_HOST:$JOIN_PORT" --control-token-file "$CLUSTER_DIR/token" \
    --cluster "${2:-$CLUSTER}" --insecure-plaintext
  disown
  eventually 10 lb "$1" status || die "the edge on $1 does not start"
}
pods_at() { [ "$(lb "$1" backends | grep -cE ' (up|unchecked) ')" = "$2" ]; } # NODE COUNT
job() { # REPLICAS SCOPE
  cluster_cli apply -f - <<YAML
kind: Job
name: web
replicas: $1
grace: 5s
containers:
  - name: web
    image: oci:hello
    resources: {cpu: 0.02, memory: 32MiB}
    ports: {http: 8080, echo: 9000, datagrams: 9000/udp}
    ready: {http: {port: http, path: /healthz}, every: 200ms}
expose:
  - {port: 80, to: http, scope: $2}
  - {port: 7, to: echo, scope: $2}
  - {port: 7, to: datagrams, scope: $2}
  - {port: 8, to: echo}
update: {drain: 1s}
YAML
}
in_ring() { [ "$(cluster_cli get rings | awk 'NR > 1 {print $2}')" = "$1" ]; } # COUNT
declare -A HOLDERS=() # by name: clients that stay
hold() { # NAME COUNT [FLOWS]: connections, and UDP flows (as many), until its pipe says end
  mkfifo "$CLUSTER_DIR/$1.end"
  nsenter --net="$(space_path outside)" python3 -B "$PEOPLE" hold "$VIP" 7 "${@:2}" <>"$CLUSTER_DIR/$1.end" >"$CLUSTER_DIR/$1.held" 2>&1 &
  HOLDERS[$1]=$!
  eventually 40 grep -q "all are there" "$CLUSTER_DIR/$1.held" || die "they do not come"
}
route() { in_space outside ip route replace "$VIP/32" src "$OUTSIDE4" "$@"; }
by() { echo nexthop via "$UNDERLAY4.${1#n}" dev eth0; } # NODE
release() { # NAME COUNT [FLOWS]: those that were held end, and were whole all the time
  say end >"$CLUSTER_DIR/$1.end"
  wait "${HOLDERS[$1]}" || die "the clients end badly: $1"
  unset "HOLDERS[$1]"
  tail -n 1 "$CLUSTER_DIR/$1.held"
  grep -q "connections $2 flows ${3:-$2} broken 0 moved 0" "$CLUSTER_DIR/$1.held" || die "flows broke: $1"
}
start_world() { # NODES: a cluster whose three pods come into the ring together: no slot has changed hands
  start_cluster "$1"
  in_space outside sh -c 'ethtool -K eth0 tx off gso off tso off gro off >/dev/null 2>&1; echo 1 >/proc/sys/net/ipv4/fib_multipath_hash_policy'
  job 3 cluster
  VIP=$(cluster_cli get services -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["items"][0]["vip4"])')
  route $(by n1)
  eventually 60 ready_pods 3 || die "3 pods do not become ready"
  job 3 edge
}
# On DPDK a node that is an edge has its addresses on the tap, and its agent the tap as its uplink.
behind_tap() { # NODE
  in_space "$1" sh -e <<TAP
    ip addr flush dev eth0 scope global
    ip -6 route flush dev eth0
    ip tuntap add edge0 mode tap multi_queue
    ip link set edge0 up
    ip addr add $UNDERLAY4.${1#n}/24 dev edge0
    ip addr add $UNDERLAY6:${1#n}/64 dev edge0 nodad
    ip route replace default via $UNDERLAY4.$OUTSIDE_HOST
    ip -6 route replace default via $UNDERLAY6:$(printf %x "$OUTSIDE_HOST")
TAP
}
joined_again() { lb n1 status | grep -q 'control.*revision'; }
