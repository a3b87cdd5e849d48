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
    [ ! -S "$CLUSTER_DIR/$node.lb" ] || { lb $node status; lb $node backends; } || true
  done
  for node in n1 n2 n3; do cluster_cli node drops $node || true; done
  cat "$CLUSTER_DIR"/*.held 2>/dev/null || true
}
let_go() {
  for holder in "${HOLDERS[@]}"; do kill -9 "$holder" 2>/dev/null || true; done
  for node in n1 n2; do
    stop_daemon "edge-$node"
    in_space $node "$BUILD/bin/fairlead-lb" --remove --name "$CLUSTER-$node" --state-dir "$CLUSTER_DIR/$node.edge" || true
  done
}
edge() { # NODE [CLUSTER]
  # Frames on a veth are sent back by the stack alone: its driver wants a program at the other end.
  printf 'interfaces: [eth0]\nmode: generic\n' >"$CLUSTER_DIR/lb.yaml"
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
hold() { # NAME COUNT: connections, and as many UDP flows, until its pipe says end
  mkfifo "$CLUSTER_DIR/$1.end"
  nsenter --net="$(space_path outside)" python3 -B "$PEOPLE" hold "$VIP" 7 "$2" <>"$CLUSTER_DIR/$1.end" >"$CLUSTER_DIR/$1.held" 2>&1 &
  HOLDERS[$1]=$!
  eventually 20 grep -q "all are there" "$CLUSTER_DIR/$1.held" || die "they do not come"
}
route() { in_space outside ip route replace "$VIP/32" src "$OUTSIDE4" "$@"; }
by() { echo nexthop via "$UNDERLAY4.${1#n}" dev eth0; } # NODE
release() { # NAME COUNT: those that were held end, and were whole all the time
  say end >"$CLUSTER_DIR/$1.end"
  wait "${HOLDERS[$1]}" || die "the clients end badly: $1"
  unset "HOLDERS[$1]"
  tail -n 1 "$CLUSTER_DIR/$1.held"
  grep -q "connections $2 flows $2 broken 0 moved 0" "$CLUSTER_DIR/$1.held" || die "flows broke: $1"
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
joined_again() { lb n1 status | grep -q 'control.*revision'; }
