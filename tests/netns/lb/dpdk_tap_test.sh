#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fairlead-lb on a device that DPDK takes from the kernel (net_af_xdp on a veth), before
# the servers of lab.sh. The edge's own address is on `edge0`, the device's tap:
#
#     eth0 -- net_af_xdp0 -- fairlead-lb -- net_tap -- edge0 192.0.2.1
#
# The edge is reached by ARP, echo and TCP; next hops are found by the tap; probes
# take the way of clients' packets; servers behind nat answer. The daemon makes the
# tap; kill -9 and an upgrade leave its addresses and routes, and break no connection;
# --remove takes away what it made, not what people did. What DPDK took is nobody's
# while there is no daemon, and the kernel's again behind --remove.
set -euo pipefail
# A bpf file system of its own: libxdp, where it can, pins what kill -9 would leave.
if [ -z "${FL_OWN_MOUNTS:-}" ]; then FL_OWN_MOUNTS=1 exec unshare --mount bash "$0" "$@"; fi
mount -t bpf bpf /sys/fs/bpf
source "$1/tests/netns/lb/lab.sh"
BEHIND=198.51.100.3

write_file() { # CHECK
  cat >"$DIR/lb.yaml" <<END
engine: dpdk
dpdk:
  devices: ["net_af_xdp0,iface=eth0"]
  taps: [edge0]
flows: 65536
services:
  - name: web
    addresses: [$VIP]
    ports: [tcp/80, udp/80]
    deliver: ipip
    servers: [192.0.2.11, 192.0.2.12]
    check: {$1, every: 200ms, timeout: 500ms}
  - {name: behind, addresses: [$BEHIND], ports: [tcp/80], deliver: nat, servers: [192.0.2.11, 192.0.2.12]}
END
}
state_of() { lb backends | awk -v a="$1" '$1 == "web" && $2 == a {print $3}'; }
is() { [ "$(state_of "$1")" = "$2" ]; }
all_up() { for last in 11 12; do eventually 100 is 192.0.2.$last up || die "192.0.2.$last is not well: $(lb backends)"; done; }
# The edge's addresses and routes of both families, but for what an interface without a carrier is marked with.
ways() {
  ip -n "$ID-edge" -o addr show dev edge0 scope global | awk '{print $3, $4}'
  for family in -4 -6; do ip -n "$ID-edge" $family route show dev edge0; done | grep -v '^fe80\|^multicast' | sed 's/ linkdown//g'
}
tap_is_there() { ip -n "$ID-edge" link show edge0 >/dev/null 2>&1; }

step "a client, two servers, an edge whose link is DPDK's"
begin
unfinished_sums
ip -n "$ID-client" route add "$BEHIND" via 192.0.2.1
serve one 192.0.2.11
serve two 192.0.2.12
ip -n "$ID-edge" addr flush dev eth0
write_file "http: {port: 80, path: /}"
edge # makes edge0
ip -n "$ID-edge" addr add 192.0.2.1/24 dev edge0
ip -n "$ID-edge" addr add 2001:db8::1/64 dev edge0 nodad
ip -n "$ID-edge" route add default via 192.0.2.100 dev edge0
ip -n "$ID-edge" route add 2001:db8:1::/48 via 2001:db8::100 dev edge0
all_up

step "the edge itself is reached"
inside client ping -c 3 -i 0.2 -W 2 192.0.2.1 >/dev/null || die "no echo of the edge"
nsenter --net="/run/netns/$ID-edge" python3 -B "$HERE/people.py" serve edge 192.0.2.1 8080 >"$DIR/edge.log" 2>&1 &
STARTED+=("$!")
at_edge() { [ "$(inside client curl -s --max-time 2 http://192.0.2.1:8080/)" = edge ]; }
eventually 50 at_edge || die "no TCP to the edge: $(lb status)"

step "requests reach both servers, by a tunnel and by nat"
for address in "$VIP" "$BEHIND"; do
  requests 40 "$address" >"$DIR/asked"
  all_good "$DIR/asked" 2 40 || die "of 40 requests to $address: $(cat "$DIR/asked")"
done
lb status

step "probes have seen the tunnel and the address on it"
ip -n "$ID-two" addr del "$VIP/32" dev tunnel
eventually 50 is 192.0.2.12 down || die "without the address it is well: $(lb backends)"
requests 10 >"$DIR/asked"
all_good "$DIR/asked" 1 10 || die "with a dead server: $(cat "$DIR/asked")"
ip -n "$ID-two" addr add "$VIP/32" dev tunnel
write_file "icmp: {}"
kill -HUP "$lb_pid"
asked_anew() { lb events | tail -n 2 | grep -c ServerUp | grep -q 2; }
eventually 50 asked_anew || die "no echoes: $(lb events)"
lb backends

step "kill -9, and an upgrade, under 60 connections: the tap's addresses and routes stay"
ways >"$DIR/ways"
[ "$(wc -l <"$DIR/ways")" -ge 6 ] || die "the edge's ways: $(cat "$DIR/ways")"
hold held
for signal in KILL TERM; do
  kill -$signal "$lb_pid"
  wait "$lb_pid" 2>/dev/null || true
  [ "$(ways)" = "$(cat "$DIR/ways")" ] || die "by $signal ways are lost: $(ways)"
  edge
  requests 10 >"$DIR/asked"
  ! grep -q failed "$DIR/asked" || die "behind $signal: $(cat "$DIR/asked")"
  [ "$(ways)" = "$(cat "$DIR/ways")" ] || die "the daemon behind $signal has changed the ways: $(ways)"
  all_up
done
let_go held
eventually 50 at_edge || die "behind a restart the edge is not reached"

step "at its end nothing comes by the link: the kernel would forward it to whom it likes"
kill "$lb_pid"
wait "$lb_pid"
by_the_link() { inside client ping -c 1 -W 1 192.0.2.77 >/dev/null 2>&1; }
ip -n "$ID-edge" addr add 192.0.2.77/24 dev eth0
! by_the_link || die "the kernel hears what DPDK takes"
! ip -n "$ID-edge" link show eth0 | grep -q xdp || die "a program is left on eth0"

step "--remove gives the link back, and takes the tap that the daemon made, not one of people"
remove() { inside edge "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state"; }
remove
eventually 30 by_the_link || die "the link is not the kernel's again"
ip -n "$ID-edge" addr del 192.0.2.77/24 dev eth0
! tap_is_there || die "edge0 is left"
ip -n "$ID-edge" tuntap add edge0 mode tap multi_queue
edge
kill "$lb_pid"
wait "$lb_pid"
remove
tap_is_there || die "a tap of people is gone"

step "net_virtio_user, where the kernel has vhost-net"
ip -n "$ID-edge" link del edge0
write_file "http: {port: 80, path: /}"
sed -i 's/^  taps: .*/&\n  host: vhost/' "$DIR/lb.yaml"
if [ -c /dev/vhost-net ]; then
  edge
  ip -n "$ID-edge" addr add 192.0.2.1/24 dev edge0
  ip -n "$ID-edge" route add default via 192.0.2.100 dev edge0
  all_up
  eventually 50 at_edge || die "by vhost the edge is not reached"
  kill "$lb_pid"
  wait "$lb_pid"
else
  ! inside edge "$BIN/fairlead-lb" --config "$DIR/lb.yaml" --state-dir "$DIR/state" --name "$ID" --socket "$DIR/lb.sock" 2>"$DIR/said" ||
    die "vhost-net is not there, and nobody says so"
  grep -q "dpdk.host: vhost has no /dev/vhost-net: .*modprobe vhost_net" "$DIR/said" || die "$(cat "$DIR/said")"
  ! tap_is_there || die "what is refused has made a tap"
  echo "skipped: this machine has no /dev/vhost-net, packets by it are not tried"
fi
echo "a load balancer on DPDK with its own link: done"
