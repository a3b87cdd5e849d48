#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Networks as objects, on real daemons:
#
#   n1 ---- underlay 1500 ---- n2      network default: other pools, VNI 5001, MTU 1400, set before the first pod
#    web, client (default)             network b: pools of its own, VNI 5002, applied while the nodes live
#    web, client (namespace b, in b)   network c: native, without an outer header
#
# Pods get their network's addresses and MTU, its VNI is on the wire (none for
# c), names and VIPs work inside each, nothing passes from one to another, and
# what is in use cannot be changed or deleted. At the end n1's uplink takes 9000
# bytes, n2's as before, and pods exchange what is larger than n2's.
set -euo pipefail
. "$1/tests/support/cluster.sh"
SERVER=
let_go() { [ -z "$SERVER" ] || kill "$SERVER"; }
fairlead() { cluster_cli "$@"; }
apply() { fairlead apply -f -; }

# refused TEXT COMMAND...: it fails and says so.
refused() {
  local text=$1 said
  shift
  said=$("$@" 2>&1) && die "was not refused: $*"
  grep -qF -- "$text" <<<"$said" || die "expected '$text', but $* said: $said"
}

network() { # NAME VNI PODS4 PODS6 VIPS4 VIPS6 [MORE]
  printf 'kind: Network\nname: %s\nvni: %s\npools: {pods4: %s, pods6: %s, vips4: %s, vips6: %s}\n%s\n' \
    "$1" "$2" "$3" "$4" "$5" "$6" "${7:-}"
}
jobs_of() { # NAMESPACE
  cat <<YAML
kind: Job
name: web
namespace: $1
replicas: 2
containers:
  - name: web
    image: oci:hello
    resources: {cpu: 0.05, memory: 32MiB}
    ports: {http: 8080}
    ready: {http: {port: http, path: /healthz}, every: 200ms}
expose: [{port: 80, to: http}]
---
kind: Job
name: client
namespace: $1
containers:
  - name: client
    image: oci:hello
    command: [sh, -c, trap exit TERM; sleep infinity & wait]
    resources: {cpu: 0.05, memory: 32MiB}
YAML
}

# The VNIs of overlay packets on n2's uplink while a command runs; "none" without any.
vnis_during() {
  nsenter --net="$(space_path n2)" python3 -B "$ROOT/tests/netns/cluster/vnis.py" eth0 "$CLUSTER_DIR/vnis" &
  local watcher=$!
  until [ -e "$CLUSTER_DIR/vnis" ]; do sleep 0.05; done
  "$@" >/dev/null || die "failed: $*"
  kill -TERM $watcher
  wait $watcher || true
  cat "$CLUSTER_DIR/vnis"
  rm -f "$CLUSTER_DIR/vnis"
}

mkdir -p "$CLUSTER_DIR/logs"
mount_bpffs
make_network 2
start_control

step "the default network changes before the first pod, also under living nodes"
start_agent n1
network default 5001 10.20.0.0/20 fd20::/64 10.21.0.0/24 fd21::/112 "mtu: 1400" >"$CLUSTER_DIR/default.yaml"
until_true 20 n1 node_is_ready n1 || die "n1 does not become ready"
plan=$(fairlead plan -f "$CLUSTER_DIR/default.yaml")
for part in "vni 4097 -> 5001" "pods4 10.244.0.0/16 -> 10.20.0.0/20" "mtu of the uplink -> 1400 for new pods"; do
  grep -qF "$part" <<<"$plan" || die "plan does not say '$part': $plan"
done
fairlead apply -f "$CLUSTER_DIR/default.yaml" >/dev/null
start_agent n2
wait_for_nodes 2
fairlead get networks | grep -Eq '^default +5001 +vxlan +1400 +10.20.0.0/20 fd20::/64 ' || die "get networks: $(fairlead get networks)"
fairlead get network default -o yaml | apply | grep -q "network/default .*unchanged\|= network/default" ||
  die "what get prints does not apply again: $(fairlead get network default -o yaml | apply)"

step "more networks and their namespaces"
{
  network b 5002 10.30.0.0/24 fd30::/64 10.31.0.0/26 fd31::/112
  say "---"
  printf 'kind: Namespace\nname: b\nnetwork: b\n'
  say "---"
  network c 5003 10.40.0.0/24 fd40::/64 10.41.0.0/26 fd41::/112 "mode: native"
  say "---"
  printf 'kind: Namespace\nname: c\nnetwork: c\n'
} | apply >/dev/null
for ns in default b c; do jobs_of "$ns" | apply >/dev/null; done
for ns in default b c; do
  for job in web client; do
    fairlead --namespace "$ns" wait "job/$job" --for ready --timeout 60s >/dev/null || die "$ns/$job is not ready: $(fairlead --namespace "$ns" get pods)"
  done
done

check_inside() { # NAMESPACE POD4 VIP4 MTU VNI
  local ns=$1 pod4=$2 vip4=$3 mtu=$4 vni=$5 said seen
  step "network of namespace $ns: addresses, names, requests, MTU, what is on the wire"
  said=$(fairlead --namespace "$ns" get pods -o wide)
  [ "$(grep -c " $pod4" <<<"$said")" = 3 ] || die "pods are not in $pod4: $said"
  [ "$(awk '$2 == "web" {print $3}' <<<"$said" | sort -u | wc -l)" = 2 ] || die "web is not on both nodes"
  said=$(fairlead --namespace "$ns" exec client -- nslookup "web.$ns.svc.cluster.internal")
  grep -q "Address.*$vip4" <<<"$said" || die "the name does not resolve to $vip4: $said"
  said=$(fairlead --namespace "$ns" exec client -- cat /sys/class/net/eth0/mtu)
  [ "$said" = "$mtu" ] || die "the pod's link has MTU $said, not $mtu"
  seen=$(vnis_during fairlead --namespace "$ns" exec client -- loadgen http://web:80 100)
  [ "$seen" = "$vni" ] || die "VNIs on the wire: $seen, not $vni"
  fairlead --namespace "$ns" exec client -- loadgen http://web:80 20 -6 >/dev/null || die "IPv6 requests failed"
}
check_inside default 10.20. 10.21. 1400 5001
check_inside b 10.30. 10.31. 1450 5002
check_inside c 10.40. 10.41. 1500 none

step "nothing passes from one network to another, by name or by address"
address_of() { fairlead --namespace "$1" get pods -o wide | awk '$2 == "web" {print $4; exit}'; }
vip_of() { fairlead --namespace "$1" get service web -o json | sed -n 's/.*"vip4": "\(.*\)".*/\1/p'; }
walled() { # FROM TO URL; waits a second for what must not be answered
  ! fairlead --namespace "$1" exec client -- wget -T 1 -qO- "$3" >/dev/null 2>&1 || die "$1 reached $3 of $2"
}
walls=()
for pair in "default b" "b default" "b c" "c b" "c default" "default c"; do
  read -r from to <<<"$pair"
  for url in "http://$(address_of "$to"):8080/" "http://$(vip_of "$to")/" "http://web.$to:80/"; do
    walled "$from" "$to" "$url" &
    walls+=($!)
  done
done
for wall in "${walls[@]}"; do wait "$wall"; done
for ns in default b c; do
  for node in n1 n2; do
    in_space "$node" python3 -c "import urllib.request,sys; urllib.request.urlopen(sys.argv[1], timeout=3).read()" \
      "http://$(address_of "$ns"):8080/" || die "$node does not reach a pod of $ns"
  done
done

step "what is in use is not changed or deleted, and the refusal says by whom"
refused "in use by pod/client-" bash -c "sed s/5001/5009/ '$CLUSTER_DIR/default.yaml' | '$BUILD/bin/fairlead' --socket '$CLUSTER_DIR/control.sock' apply -f -"
refused "is the network of namespace/b" fairlead delete network b
refused "cannot be deleted" fairlead delete network default
printf 'kind: Namespace\nname: b\n' >"$CLUSTER_DIR/ns.yaml"
refused "cannot move from network/b to network/default" fairlead apply -f "$CLUSTER_DIR/ns.yaml"
network d 5002 10.50.0.0/24 fd50::/64 10.51.0.0/26 fd51::/112 >"$CLUSTER_DIR/d.yaml"
refused "vni 5002 is that of network/b" fairlead apply -f "$CLUSTER_DIR/d.yaml"
network d 5004 10.30.0.128/25 fd50::/64 10.51.0.0/26 fd51::/112 >"$CLUSTER_DIR/d.yaml"
refused "overlaps network/b pods4 10.30.0.0/24" fairlead apply -f "$CLUSTER_DIR/d.yaml"

step "a new MTU is for new pods; a network that nobody uses goes, with everything of it"
sed s/1400/1380/ "$CLUSTER_DIR/default.yaml" | apply >/dev/null
old=$(fairlead get pods | awk '$2 == "client" {print $1}')
[ "$(fairlead exec client -- cat /sys/class/net/eth0/mtu)" = 1400 ] || die "a living pod's MTU changed"
fairlead delete pod "$old" >/dev/null
fairlead wait job/client --for ready --timeout 60s >/dev/null
[ "$(fairlead exec client -- cat /sys/class/net/eth0/mtu)" = 1380 ] || die "a new pod has the old MTU"
for job in web client; do fairlead --namespace b delete job "$job" >/dev/null; done
gone() { [ "$(fairlead --namespace b get pods | wc -l)" = 1 ]; }
until_true 30 control gone || die "pods of b do not go"
fairlead delete namespace b >/dev/null
until_true 30 control cluster_cli delete network b || die "network b cannot be deleted: $(fairlead delete network b 2>&1)"
no_link() { ! in_space n1 ip -br link | grep -q "^fl-host2"; }
until_true 10 n1 no_link || die "the host endpoint of b is left"

step "n1's uplink takes 9000 bytes, n2's 1500: what n1's pods send to n2's is cut to what n2 takes"
uplink_is() { fairlead get nodes -o wide | grep -Eq "^$1 .* $2 "; }
uplink_is n1 1500 || die "get nodes -o wide: $(fairlead get nodes -o wide)"
in_space switch ip link set n1 mtu 9000
in_space n1 ip link set eth0 mtu 9000
stop_daemon n1
start_agent n1
until_true 20 n1 uplink_is n1 9000 || die "n1 does not tell its new MTU: $(fairlead get nodes -o wide)"
sed s/1400/8000/ "$CLUSTER_DIR/default.yaml" | apply >/dev/null
old=$(fairlead get pods | awk '$2 == "web" {print $1}')
for pod in $old; do fairlead delete pod "$pod" >/dev/null; done
replaced() { ! fairlead get pods | awk '$2 == "web" {print $1}' | grep -qxF "$old"; }
until_true 60 control replaced || die "pods of web do not go"
fairlead wait job/web --for ready --timeout 60s >/dev/null
web_on() { fairlead get pods -o wide | awk -v node="$1" '$2 == "web" && $3 == node && /ready/ {print $1, $4; exit}'; }
net_of_web() { # NODE: the network namespace of its pod of web
  local uid
  uid=$(fairlead get pod "$(web_on "$1" | cut -d' ' -f1)" -o json | sed -n 's/^.*"uid": "\([^"]*\)".*/\1/p' | head -n 1)
  [ -n "$uid" ] && say "$CLUSTER_DIR/$1/run/netns/$uid"
}
datagrams=(python3 -B "$ROOT/tests/netns/cluster/datagrams.py")
large=$(net_of_web n1) && small=$(net_of_web n2) || die "web is not on both nodes: $(fairlead get pods -o wide)"
nsenter --net="$small" "${datagrams[@]}" serve "$CLUSTER_DIR/serves" &
SERVER=$!
until_true 10 n2 test -e "$CLUSTER_DIR/serves" || die "nothing serves on n2"
said=$(nsenter --net="$large" "${datagrams[@]}" ask "$(web_on n2 | cut -d' ' -f2)" 4000 2>&1) ||
  die "from n1 to n2: $said"
[ "$said" = 1450 ] || die "n1's pod learnt a path MTU of $said, not 1450"
say "3 networks, 2 nodes, 18 walls, 6 refusals, uplinks of 9000 and 1500"
