#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fairlead-lb on DPDK, without hugepages, over veths (net_af_packet), before the
# servers of lab.sh: `web` by ipip, `flat` by l2 at 198.51.100.2.
#
# The client's kernel leaves its sums to hardware that a veth does not have.
# Requests succeed by both ways; `why`, `drain`, `pipeline` and metrics speak of this
# engine; kill -9 and a restart break none of the connections and UDP flows that began
# before and behind a change of slots; what contradicts is refused; --remove
# leaves nothing; an ordinary user's edge has two workers.
set -euo pipefail
source "$1/tests/netns/lb/lab.sh"
FLAT=198.51.100.2

write_file() { # SERVERS
  cat >"$DIR/lb.yaml" <<END
engine: dpdk
dpdk:
  devices:
    - net_af_packet0,iface=eth0
flows: 4096
services:
  - {name: web, addresses: [$VIP], ports: [tcp/80, udp/80], deliver: ipip, servers: [$1]}
  - {name: flat, addresses: [$FLAT], ports: [tcp/80], deliver: l2, servers: [$1]}
END
}
step "a client whose sums are unfinished, an edge, two servers"
begin
unfinished_sums
ip -n "$ID-client" route add "$FLAT" via 192.0.2.1
for name in one two; do
  inside "$name" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
  ip -n "$ID-$name" addr add "$FLAT/32" dev lo
  serve "$name" "$FLAT"
done

step "what contradicts itself is refused"
write_file "192.0.2.11, 192.0.2.12"
sed 's/^flows/mode: native\nflows/' "$DIR/lb.yaml" >"$DIR/bad.yaml"
! "$BIN/fairlead-lb" --check --config "$DIR/bad.yaml" 2>"$DIR/said" || die "a mode of XDP is taken"
grep -q 'bad.yaml:5:7: mode: is for XDP' "$DIR/said" || die "$(cat "$DIR/said")"
"$BIN/fairlead-lb" --check --config "$DIR/lb.yaml" >/dev/null

inside edge sysctl -qw net.ipv4.conf.eth0.forwarding=1
! inside edge "$BIN/fairlead-lb" --config "$DIR/lb.yaml" --state-dir "$DIR/state" --name "$ID" --socket "$DIR/lb.sock" 2>"$DIR/said" ||
  die "a link that forwards is taken"
grep -q "the kernel forwards what comes by eth0, too" "$DIR/said" || die "$(cat "$DIR/said")"
inside edge sysctl -qw net.ipv4.conf.eth0.forwarding=0

step "requests reach both servers by both ways"
edge
eventually 50 in_ring 192.0.2.12 || die "the servers do not come: $(lb backends)"
for address in "$VIP" "$FLAT"; do
  requests 40 "$address" >"$DIR/asked"
  all_good "$DIR/asked" 2 40 || die "of 40 requests to $address: $(cat "$DIR/asked")"
done
lb status | grep -q "^dpdk on net_af_packet0" || die "$(lb status)"
lb backends
inside client ping -c 3 -i 0.2 -W 2 192.0.2.1 >/dev/null || die "the edge itself is not reached"
inside client ping -c 1 -W 2 "$VIP" >/dev/null || die "the service gives no echo"

step "what a switch floods for another machine is not the edge's"
ip -n "$ID-client" neigh replace 192.0.2.1 lladdr 02:00:00:00:00:99 dev eth0
! inside client curl -s --max-time 1 "http://$VIP/" || die "it takes frames for another MAC"
ip -n "$ID-client" neigh del 192.0.2.1 dev eth0
lb status | grep HOST_OTHER || die "nobody says so: $(lb status)"

step "why names the server that gets it"
for port in 41001 41002 41003; do
  said=$(lb why tcp 192.0.2.100 $port "$VIP" 80 --syn | sed -n 's/^-> \(.*\) of web$/\1/p')
  got=$(inside client curl -s --max-time 3 --local-port $port "http://$VIP/")
  [ "$said" = "192.0.2.1$([ "$got" = one ] && echo 1 || echo 2)" ] || die "port $port: why says $said, it was $got"
done

step "60 connections and 60 UDP flows, a drain by which slots change hands, and 60 more"
hold before
lb drain web 192.0.2.11 >/dev/null
requests 20 >"$DIR/asked"
! grep -Eq "one|failed" "$DIR/asked" || die "a drained server: $(cat "$DIR/asked")"
hold after

other_version() { python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(8); f.write(b"U")' "$1"; } # FILE
step "kill -9 and a restart, twice; the second one's is another version of the tables"
for round in 1 2; do
  kill -9 "$lb_pid"
  wait "$lb_pid" 2>/dev/null || true
  [ "$round" != 2 ] || other_version "/dev/shm/fairlead-$ID-edge"
  edge
  requests 10 >"$DIR/asked"
  ! grep -Eq "one|failed" "$DIR/asked" || die "behind a restart: $(cat "$DIR/asked")"
  [ "$(lb backends | awk '$1 == "web" && $2 == "192.0.2.11" {print $3}')" = drained ] || die "the drain is forgotten"
done
! lb events | grep FlowsForgotten || die "the flows are forgotten"
lb flows
lb flows | grep -q 192.0.2.11 || die "no flow of the drained server is remembered"
step "a flood of spoofed SYNs, ACKs and datagrams"
drown
let_go before
let_go after

step "what it shows"
lb pipeline
lb pipeline | awk '$1 == "deliver" {exit !($2 > 0 && $3 > 0)}' || die "the steps have no packets or no cycles"
curl -s --unix-socket "$DIR/lb.sock" http://lb/metrics >"$DIR/metrics"
grep -q '^fairlead_lb_packets_total{service="web",server="192.0.2.12"} [1-9]' "$DIR/metrics" || die "$(cat "$DIR/metrics")"

step "another engine, other devices: not in this process"
cp "$DIR/lb.yaml" "$DIR/good.yaml"
sed -i 's/iface=eth0/iface=eth0,qdisc_bypass=1/' "$DIR/lb.yaml"
kill -HUP "$lb_pid"
eventually 50 sh -c "'$BIN/fairlead' lb status --lb '$DIR/lb.sock' | grep -q 'NOT IN USE'" || die "other devices are taken"
cp "$DIR/good.yaml" "$DIR/lb.yaml"

step "a second process is refused, --remove leaves nothing"
! inside edge timeout 20 "$BIN/fairlead-lb" --config "$DIR/lb.yaml" --state-dir "$DIR/state" --name "$ID" \
  --socket "$DIR/second.sock" 2>"$DIR/said" || die "a second daemon runs"
grep -q "another process has it" "$DIR/said" || die "$(cat "$DIR/said")"
! inside edge "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state" 2>"$DIR/said" || die "an edge at work is removed"
grep -q "another process has it" "$DIR/said" || die "$(cat "$DIR/said")"
kill "$lb_pid"
wait "$lb_pid"
inside edge "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state"
! ls /dev/shm | grep "^fairlead-$ID-edge" || die "the tables are left"
[ ! -e "$DIR/state" ] || die "state is left"
step "two workers, as an ordinary user with CAP_NET_RAW"
sed -i 's/^flows/  workers: 2\nflows/' "$DIR/lb.yaml"
mkdir "$DIR/state" "$DIR/run"
chown 65534:65534 "$DIR" "$DIR/state" "$DIR/run"
AS=(env XDG_RUNTIME_DIR="$DIR/run" setpriv --reuid 65534 --regid 65534 --clear-groups
  --inh-caps +net_raw,+net_admin --ambient-caps +net_raw,+net_admin)
edge
[ "$(awk '/^Uid/ {print $2}' "/proc/$lb_pid/status")" = 65534 ] || die "it is not an ordinary user"
eventually 50 in_ring 192.0.2.12 || die "the servers do not come: $(lb backends)"
requests 40 >"$DIR/asked"
all_good "$DIR/asked" 2 40 || die "of 40 requests: $(cat "$DIR/asked")"
[ "$(ls "/proc/$lb_pid/task" | wc -l)" -ge 3 ] || die "two workers are not two threads"
kill "$lb_pid"
wait "$lb_pid"
inside edge "${AS[@]}" "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state"
! ls /dev/shm | grep "^fairlead-$ID-edge" || die "the tables are left"
AS=()

step "hugepages: true, with a few pages that are reserved for it"
PAGES=/sys/kernel/mm/hugepages/hugepages-2048kB
reserved=$(cat $PAGES/nr_hugepages)
give_back() {
  kill -9 "$lb_pid" 2>/dev/null && wait "$lb_pid" 2>/dev/null
  echo "$reserved" >$PAGES/nr_hugepages
  clean_up
}
trap give_back EXIT
echo $((reserved + 160)) >$PAGES/nr_hugepages || true
before=$(cat $PAGES/free_hugepages)
if [ "$before" -lt 160 ]; then
  echo "SKIPPED: the kernel gives $before of 160 huge pages"
else
  rm -rf "$DIR/state"
  sed -i 's/^  workers: 2$/  hugepages: true/' "$DIR/lb.yaml"
  edge
  eventually 50 in_ring 192.0.2.12 || die "the servers do not come: $(lb backends)"
  [ "$(cat $PAGES/free_hugepages)" -lt "$before" ] || die "no huge page is in use"
  requests 40 >"$DIR/asked"
  all_good "$DIR/asked" 2 40 || die "of 40 requests: $(cat "$DIR/asked")"
  kill "$lb_pid"
  wait "$lb_pid"
  [ "$(cat $PAGES/free_hugepages)" = "$before" ] || die "huge pages are left"
  inside edge "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state"
fi
echo "a load balancer on DPDK: done"
