#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Names on a cluster of two nodes, asked from a pod:
#
#   every kind of question that the kernel answers is answered there, by both
#   families; others are the server's; what is asked in the kernel and what the
#   server says is the same; with every agent dead names are answered on, at
#   thousands of questions a second, through kill -9 and a restart; a name
#   that goes is gone, one that comes is there; --no-kernel-names asks the
#   server for all.
set -euo pipefail
. "$1/tests/support/cluster.sh"
ASKED=()
let_go() { for pid in "${ASKED[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done; }
fairlead() { cluster_cli "$@"; }
job() { # NAME REPLICAS MORE
  cat <<YAML
kind: Job
name: $1
replicas: $2
containers:
  - name: $1
    image: oci:hello
    resources: {cpu: 0.05, memory: 32MiB}
$3
YAML
}
web='    ports: {http: 8080}
    ready: {http: {port: http, path: /healthz}, every: 200ms}
expose: [{port: 80, to: http}]'
sleeper='    command: [sh, -c, trap exit TERM; sleep infinity & wait]'

start_cluster 2
job web 2 "$web" | fairlead apply -f - >/dev/null
job client 1 "$sleeper" | fairlead apply -f - >/dev/null
for name in web client; do fairlead wait "job/$name" --for ready --timeout 60s >/dev/null || die "$name is not ready"; done
pod=$(fairlead get pods | awk '$1 ~ /^client-/ {print $1}')
node=$(fairlead get pods -o wide | awk -v p="$pod" '$1 == p {print $3}')
uid=$(fairlead get pod "$pod" -o json | sed -n 's/.*"uid": "\(.*\)".*/\1/p' | head -n 1)
client=$(cat "$CLUSTER_DIR"/n?/state/pods/"$uid"/c/*/pid)
in_pod() { nsenter --net="/proc/$client/ns/net" python3 -B "$ROOT/tests/netns/cluster/names.py" "$@"; }
DNS4=10.96.0.10 DNS6=fd00:96::a ZONE=svc.cluster.internal

vip=$(fairlead get service web -o json | sed -n 's/.*"vip4": "\(.*\)".*/\1/p')
vip6=$(fairlead get service web -o json | sed -n 's/.*"vip6": "\(.*\)".*/\1/p')
reverse=$(awk -F. '{print $4"."$3"."$2"."$1".in-addr.arpa"}' <<<"$vip")

says() { # EXPECTED SERVER NAME TYPE
  local said
  said=$(in_pod ask "${@:2}")
  [ "$said" = "$1" ] || die "asked for $3 $4 at $2: '$said', not '$1'"
}
kinds() { # SERVER: what a pod asks in plain words
  says "NOERROR aa $vip" "$1" "web.default.$ZONE" A
  says "NOERROR aa $vip6" "$1" "WEB.default.$ZONE" AAAA
  says "NOERROR aa 0 100 80 web.default.$ZONE" "$1" "_http._tcp.web.default.$ZONE" SRV
  says "NOERROR aa web.default.$ZONE" "$1" "$reverse" PTR
  says "NOERROR aa" "$1" "default.$ZONE" A
  says "NXDOMAIN aa" "$1" "www.example.com.default.$ZONE" A
}
server_answers() { [ "$(in_pod ask $DNS4 dns-version.cluster.internal TXT)" = "NOERROR aa 1.1.0" ]; }
metric() { curl -s --unix-socket "$CLUSTER_DIR/control.sock" http://control/metrics | awk -v m="fairlead_node_$1{node=\"$node\"}" '$1 == m {print $2}'; }
at_least() { [ "$(metric "$1")" -ge "$2" ]; } # METRIC COUNT

step "plain questions are the kernel's, by both families; others the server's"
for server in $DNS4 $DNS6; do kinds "$server"; done
eventually 20 at_least dns_kernel_answered_total 12 || die "the kernel answered $(metric dns_kernel_answered_total)"
asked=$(metric dns_queries_total)
for server in $DNS4 $DNS6; do says "NOERROR aa 1.1.0" "$server" dns-version.cluster.internal TXT; done
for server in $DNS4 $DNS6; do says REFUSED "$server" www.example.com A; done
eventually 20 at_least dns_queries_total $((asked + 4)) || die "the server was asked $(metric dns_queries_total) times"
at_least dns_kernel_passed_total 4 || die "the kernel passed $(metric dns_kernel_passed_total)"
for server in $DNS4 $DNS6; do
  said=$(in_pod tcp "$server" "web.default.$ZONE" A AAAA TXT)
  [ "$said" = "NOERROR aa $vip
NOERROR aa $vip6
NOERROR aa" ] || die "over TCP at $server: $said"
done
fairlead exec client -- nslookup "web.default.$ZONE" | grep -q "$vip" || die "BusyBox does not resolve it"

step "with every agent dead names are answered on, thousands a second, through a restart"
mkfifo "$CLUSTER_DIR/end"
in_pod pace $DNS4 "web.default.$ZONE" "$vip" 10000 60 <"$CLUSTER_DIR/end" >"$CLUSTER_DIR/paced" 2>&1 &
pacer=$!
ASKED+=("$pacer")
exec 9>"$CLUSTER_DIR/end"
for agent in n1 n2; do kill_daemon $agent; done
for server in $DNS4 $DNS6; do kinds "$server"; done
says "no answer" $DNS4 dns-version.cluster.internal TXT
for agent in n1 n2; do again $agent; done
eventually 30 server_answers || die "the server does not come back"
for server in $DNS4 $DNS6; do kinds "$server"; done
echo end >&9
wait "$pacer" || die "names failed: $(cat "$CLUSTER_DIR/paced")"
cat "$CLUSTER_DIR/paced"

step "a name that goes is gone, one that comes is there"
job other 1 "$web" | fairlead apply -f - >/dev/null
there() { [ "$(in_pod ask $DNS4 "_http._tcp.other.default.$ZONE" SRV)" = "NOERROR aa 0 100 80 other.default.$ZONE" ]; }
gone() { [ "$(in_pod ask $DNS4 "_http._tcp.other.default.$ZONE" SRV)" = "NXDOMAIN aa" ]; }
eventually 30 there || die "a new service has no name"
fairlead delete job other >/dev/null
eventually 60 gone || die "the name of a service stays: $(in_pod ask $DNS4 "_http._tcp.other.default.$ZONE" SRV)"

step "--no-kernel-names leaves all to the server, which says the same"
kill_daemon "$node"
start_agent "$node" --no-kernel-names
disown
eventually 30 server_answers || die "the server does not come back"
sleep 2.5 # two heartbeats: what control says of it is of the new agent
before=$(metric dns_kernel_answered_total)
for server in $DNS4 $DNS6; do kinds "$server"; done
eventually 20 at_least dns_queries_total 12 || die "the server was asked $(metric dns_queries_total) times"
[ "$(metric dns_kernel_answered_total)" = "$before" ] || die "the kernel answers"
