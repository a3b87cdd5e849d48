#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# README's "a load balancer alone", as a newcomer would do it, with the real
# binaries; the servers have nothing of ours on them (lab.sh has them).
#
# Requests succeed; drain keeps what lives and gives nothing new; SIGHUP takes a
# server more; kill -9 and a restart break none of 200 connections and 200 UDP
# flows; `why` says what happens; probes take out who does not answer, and keep all
# when all look dead; a link that was made anew has the program; --remove leaves nothing.
set -euo pipefail
# Mounts of its own: a machine may have no bpf file system, and another test may unmount it.
if [ -z "${FL_OWN_MOUNTS:-}" ]; then FL_OWN_MOUNTS=1 exec unshare --mount bash "$0" "$@"; fi
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
source "$1/tests/netns/lb/lab.sh"

# README's file for these servers. Frames on a veth are sent back by the stack alone: its driver wants a program at the other end.
write_file() { # SERVERS
  sed -n '/^## A load balancer alone/,/^## /{/^```yaml/,/^```/p}' "$ROOT/README.md" | grep -v '^```' |
    sed "s/^    servers: .*/    servers: [$1]/" >"$DIR/lb.yaml"
  printf 'mode: generic\nflows: 4096\n' >>"$DIR/lb.yaml"
}

step "a client, an edge, two servers"
begin

step "the file is checked"
write_file "192.0.2.11, 192.0.2.12"
sed 's/ipip/ipop/' "$DIR/lb.yaml" >"$DIR/bad.yaml"
! "$BIN/fairlead-lb" --check --config "$DIR/bad.yaml" 2>"$DIR/said" || die "a bad file is taken"
grep -q 'bad.yaml:6:14: services.deliver: "ipop"' "$DIR/said" || die "$(cat "$DIR/said")"
"$BIN/fairlead-lb" --check --config "$DIR/lb.yaml" >/dev/null

step "requests reach both servers"
edge
eventually 50 in_ring 192.0.2.12 || die "the servers do not come: $(lb backends)"
requests 40 >"$DIR/asked"
[ "$(awk '{n += $2} END {print NR, n}' "$DIR/asked")" = "2 40" ] && ! grep -q failed "$DIR/asked" ||
  die "of 40 requests: $(cat "$DIR/asked")"
lb status
lb backends

step "why names the server that gets it"
for port in 41001 41002 41003 41004; do
  said=$(lb why tcp 192.0.2.100 $port "$VIP" 80 --syn | sed -n 's/^-> \(.*\) of web$/\1/p')
  got=$(inside client curl -s --max-time 3 --local-port $port "http://$VIP/")
  [ "$said" = "192.0.2.1$([ "$got" = one ] && echo 1 || echo 2)" ] || die "port $port: why says $said, it was $got"
done
lb why tcp 192.0.2.100 41001 "$VIP" 80 --syn

step "another mode is taken without a restart"
in_mode() { lb status | grep -q "^xdp on eth0 $1,"; }
for mode in native generic; do
  sed -i "s/^mode: .*/mode: $mode/" "$DIR/lb.yaml"
  kill -HUP "$lb_pid"
  eventually 50 in_mode $mode || die "not $mode: $(lb status)"
done
requests 10 >"$DIR/asked"
! grep -q failed "$DIR/asked" || die "in another mode: $(cat "$DIR/asked")"

step "a mode that the link refuses is not taken: the old one goes on"
inside lan ethtool -L edge tx 2 # more queues than eth0 receives by: its driver takes no program
sed -i "s/^mode: .*/mode: native/" "$DIR/lb.yaml"
kill -HUP "$lb_pid"
not_in_use() { lb status | grep -q "NOT IN USE.*eth0"; }
eventually 50 not_in_use || die "native is not refused: $(lb status)"
in_mode generic || die "the old mode is gone: $(lb status)"
requests 10 >"$DIR/asked"
! grep -q failed "$DIR/asked" || die "the old program is gone: $(cat "$DIR/asked")"
lb events | grep -q ConfigRefused || die "$(lb events)"
inside lan ethtool -L edge tx 1
sed -i "s/^mode: .*/mode: generic/" "$DIR/lb.yaml"
kill -HUP "$lb_pid"
in_use() { ! not_in_use; }
eventually 50 in_use || die "the right file is refused: $(lb status)"

step "a second daemon on the same folder is refused, and the first goes on"
! inside edge timeout 20 "$BIN/fairlead-lb" --config "$DIR/lb.yaml" --state-dir "$DIR/state" --name "$ID" \
  --socket "$DIR/second.sock" 2>"$DIR/said" || die "a second daemon runs"
grep -q "another process has it" "$DIR/said" || die "$(cat "$DIR/said")"
lb status >/dev/null || die "the first one ended"
requests 10 >"$DIR/asked"
! grep -q failed "$DIR/asked" || die "beside a second daemon: $(cat "$DIR/asked")"

step "200 connections and 200 UDP flows stay while servers come and go"
mkfifo "$DIR/end"
nsenter --net="/run/netns/$ID-client" python3 -B "$HERE/people.py" hold "$VIP" 80 200 <"$DIR/end" >"$DIR/held" 2>&1 &
holder=$!
STARTED+=("$holder")
exec 9>"$DIR/end"
eventually 150 grep -q "all are there" "$DIR/held" || die "200 connections do not come: $(cat "$DIR/held")"

step "SIGHUP adds a server; a mistake leaves all as it is"
server three 192.0.2.13
sed -i 's/ipip/ipop/; s/tcp\/80/tcp-80/' "$DIR/lb.yaml"
kill -HUP "$lb_pid"
told() { lb status | grep -q 'NOT IN USE.*tcp-80.*(and 1 more: fairlead-lb --check names all)$'; }
eventually 50 told || die "two mistakes are not told: $(lb status)"
write_file "192.0.2.11, 192.0.2.12, 192.0.2.13"
kill -HUP "$lb_pid"
eventually 50 in_ring 192.0.2.13 || die "the third server does not come: $(lb backends)"
requests 60 >"$DIR/asked"
grep -q three "$DIR/asked" || die "the third server gets nothing: $(cat "$DIR/asked")"
! grep -q failed "$DIR/asked" || die "$(cat "$DIR/asked")"

step "drain keeps what lives and gives nothing new"
lb drain web 192.0.2.11
requests 40 >"$DIR/asked"
! grep -Eq "one|failed" "$DIR/asked" || die "a drained server: $(cat "$DIR/asked")"
hold after

step "the daemon ends and starts, three times: packets are forwarded on; the third one's is another version of the tables"
PINS=/sys/fs/bpf/fairlead/$ID/edge
for round in 1 2 3; do
  kill -"$([ "$round" = 2 ] && echo TERM || echo KILL)" "$lb_pid"
  wait "$lb_pid" 2>/dev/null || true
  [ "$round" != 3 ] || mv "$PINS"/v[0-9]* "$PINS/v0"
  requests 10 >"$DIR/asked"
  edge
  requests 20 >>"$DIR/asked"
  ! grep -Eq "one|failed" "$DIR/asked" || die "around a restart: $(cat "$DIR/asked")"
  [ "$(lb backends | awk '$2 == "192.0.2.11" {print $3}')" = drained ] || die "the drain is forgotten"
done
[ ! -e "$PINS/v0" ] || die "the tables of the other version are left"
! lb events | grep FlowsForgotten || die "the flows are forgotten"
step "a flood of spoofed SYNs, ACKs and datagrams"
drown
lb flows
lb pipeline
curl -s --unix-socket "$DIR/lb.sock" http://lb/metrics >"$DIR/metrics"
grep -q '^fairlead_lb_packets_total{service="web",server="192.0.2.12"} [1-9]' "$DIR/metrics" || die "$(cat "$DIR/metrics")"
echo end >&9
wait "$holder" || die "the clients end badly: $(cat "$DIR/held")"
tail -n 1 "$DIR/held"
grep -q "connections 200 flows 200 broken 0" "$DIR/held" || die "flows broke"
let_go after

lb drain web 192.0.2.11 --undo >/dev/null
eventually 50 in_ring 192.0.2.11 || die "undo does not bring it back"

# The flow table is full still: what begins in a slot of a drained server would find no room.
step "limits: a flood from one prefix leaves the others theirs"
sed -i '/^    servers:/a\    limits: {source_flows: 20, prefix4: 24}' "$DIR/lb.yaml"
kill -HUP "$lb_pid"
configured() { lb events | tail -n 1 | grep -q Configured; }
eventually 50 configured || die "the limits are not taken: $(lb events)"
flood 500 198.18.7.
lb status | grep SOURCE_LIMIT || die "nobody is limited: $(lb status)"
requests 10 >"$DIR/asked"
! grep -q failed "$DIR/asked" || die "others are limited: $(cat "$DIR/asked") $(lb status)"

step "probes take out a server that does not answer, and it comes back"
state_of() { lb backends | awk -v a="$1" '$2 == a {print $3}'; }
is() { [ "$(state_of "$1")" = "$2" ]; }
end_server() { kill -9 "${SERVING[$1]}" && { wait "${SERVING[$1]}" 2>/dev/null || true; }; }
write_file "192.0.2.11, 192.0.2.12, 192.0.2.13"
sed -i "/^    servers:/a\\    check: {http: {port: 80, path: /}, every: 200ms, timeout: 500ms}" "$DIR/lb.yaml"
kill -HUP "$lb_pid"
for last in 11 12 13; do eventually 50 is 192.0.2.$last up || die "192.0.2.$last is not well: $(lb backends)"; done
end_server three
eventually 50 is 192.0.2.13 down || die "a dead server stays: $(lb backends)"
lb backends | grep -q "192.0.2.13.*connection refused" || die "$(lb backends)"
requests 20 >"$DIR/asked"
! grep -Eq "three|failed" "$DIR/asked" || die "with a dead server: $(cat "$DIR/asked")"
serve three
eventually 150 is 192.0.2.13 up || die "it does not come back: $(lb backends)"

step "an echo asks, too"
sed -i "s/check: .*/check: {icmp: {}, every: 200ms, timeout: 500ms}/" "$DIR/lb.yaml"
kill -HUP "$lb_pid"
asked_anew() { lb events | tail -n 3 | grep -c ServerUp | grep -q 3; }
eventually 50 asked_anew || die "$(lb events)"
for last in 11 12 13; do eventually 50 is 192.0.2.$last up || die "192.0.2.$last gives no echo: $(lb backends)"; done
ip -n "$ID-three" addr del "$VIP/32" dev tunnel
eventually 50 is 192.0.2.13 down || die "without the address it is well: $(lb backends)"
ip -n "$ID-three" addr add "$VIP/32" dev tunnel
sed -i "s/check: .*/check: {tcp: {port: 80}, every: 200ms, timeout: 500ms}/" "$DIR/lb.yaml"
kill -HUP "$lb_pid"
eventually 50 asked_anew || die "$(lb events)"
for last in 11 12 13; do eventually 50 is 192.0.2.$last up || die "192.0.2.$last does not connect: $(lb backends)"; done

step "when all look dead, all are kept, and that is shown"
for name in one two three; do end_server "$name"; done
all_kept() { lb status | grep -q "all servers look dead; all are kept"; }
eventually 50 all_kept || die "$(lb status)"
lb backends
[ "$(lb backends -o json | python3 -c 'import json,sys; print(sum(b["share"] > 0.3 for b in json.load(sys.stdin)["items"]))')" = 3 ] ||
  die "not all are kept"
for name in one two three; do serve "$name"; done
requests 20 >"$DIR/asked"
! grep -q failed "$DIR/asked" || die "all are back, the probes do not know yet: $(cat "$DIR/asked")"
lb events

step "a link that goes and comes back has the program again, and people are told"
mac=$(inside edge cat /sys/class/net/eth0/address)
ip -n "$ID-edge" link del eth0
gone() { lb status | head -n 1 | grep -q "eth0 gone"; }
eventually 50 gone || die "nobody says that eth0 is gone: $(lb status)"
link edge 192.0.2.1
ip -n "$ID-edge" link set eth0 address "$mac"
in_mode_again() { lb status | head -n 1 | grep -q "eth0 generic"; }
eventually 50 in_mode_again || die "eth0 stays without the program: $(lb status)"
lb events | grep LinkFound || die "nobody says that it is back: $(lb events)"
answered() { requests 10 >"$DIR/asked" && ! grep -q failed "$DIR/asked"; }
eventually 20 answered || die "by the new link: $(cat "$DIR/asked")"

step "--remove leaves nothing, and an edge at work alone"
! inside edge "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state" 2>"$DIR/said" || die "an edge at work is removed"
grep -q "another process has it" "$DIR/said" || die "$(cat "$DIR/said")"
kill "$lb_pid"
wait "$lb_pid"
tail -n 1 "$DIR/lb.log" | grep -q "the daemon ends, packets are forwarded on" || die "nothing is said"
requests 5 >"$DIR/asked"
! grep -q failed "$DIR/asked" || die "the data path ends with the daemon"
inside edge "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state"
[ ! -e "/sys/fs/bpf/fairlead/$ID" ] || die "pins are left: $(find "/sys/fs/bpf/fairlead/$ID")"
[ ! -e "$DIR/state" ] || die "state is left"
no_program() { ! ip -n "$ID-edge" link show eth0 | grep -q xdp; }
eventually 50 no_program || die "the program is still on eth0"
echo "a load balancer alone: done"
