# SPDX-License-Identifier: Apache-2.0
# The lab of the tests beside it, sourced by them with their arguments; it cleans up at the end.
#
#     client 192.0.2.100 --.
#     edge   192.0.2.1   --+-- bridge --+-- one 192.0.2.11
#                                       +-- two 192.0.2.12     198.51.100.1 is the service, on each server's tunnel
ROOT=$1
BIN=$2/bin
ID=lb$$
VIP=198.51.100.1
DIR=$(mktemp -d)
HERE=$ROOT/tests/netns/lb
STARTED=()
declare -A SERVING # by server: its service's pid
declare -A HOLDERS # by name: clients that stay
AS=()              # as whom the daemon runs; root

step() { echo "==> $*"; }
die() {
  echo "FAILED: $*" >&2
  [ ! -e "$DIR/lb.log" ] || tail -n 20 "$DIR/lb.log" >&2
  exit 1
}
inside() { # NAMESPACE COMMAND...: not ip netns exec, which would hide the pins
  local name=$1
  shift
  nsenter --net="/run/netns/$ID-$name" "$@"
}
lb() { "$BIN/fairlead" lb "$@" --lb "$DIR/lb.sock"; }
eventually() { # TENTHS COMMAND...
  local left=$1
  shift
  until "$@" >/dev/null 2>&1; do
    ((--left > 0)) || return 1
    sleep 0.1
  done
}

clean_up() {
  for pid in "${STARTED[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  inside edge "$BIN/fairlead-lb" --remove --name "$ID" --state-dir "$DIR/state" >/dev/null 2>&1 || true
  for name in client edge one two three lan; do ip netns del "$ID-$name" 2>/dev/null || true; done
  rm -rf "$DIR"
}
trap clean_up EXIT

host() { # NAME ADDRESS: a namespace on the bridge
  ip netns add "$ID-$1"
  ip -n "$ID-$1" link set lo up
  link "$1" "$2"
}
link() { # NAME ADDRESS: its eth0
  ip -n "$ID-$1" link add eth0 type veth peer name "$1" netns "$ID-lan" numtxqueues 2 # one is in use
  ip -n "$ID-lan" link set "$1" master br0 up
  ip -n "$ID-$1" link set eth0 up
  ip -n "$ID-$1" addr add "$2/24" dev eth0
  # A veth leaves checksums to whoever needs them, and joins packets: a wire does neither.
  inside "$1" ethtool -K eth0 tx off gso off tso off gro off >/dev/null 2>&1
}

server() { # NAME ADDRESS: a plain server with the service's address on its tunnel; the kernel's, if it has one
  host "$1" "$2"
  if ip -n "$ID-$1" link add tunnel type ipip external 2>/dev/null; then
    ip -n "$ID-$1" link set tunnel up
  else
    nsenter --net="/run/netns/$ID-$1" python3 -B "$ROOT/tests/netns/edge/decapsulate.py" >"$DIR/$1.tunnel" 2>&1 &
    STARTED+=($!)
    eventually 50 grep -q ready "$DIR/$1.tunnel" || die "no tunnel on $1"
  fi
  ip -n "$ID-$1" addr add "$VIP/32" dev tunnel
  inside "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunnel.rp_filter=0
  serve "$1"
}
serve() { # NAME [ADDRESS]
  nsenter --net="/run/netns/$ID-$1" python3 -B "$HERE/people.py" serve "$1" "${2:-$VIP}" 80 >"$DIR/$1.log" 2>&1 &
  SERVING[$1]=$!
  STARTED+=("$!")
  eventually 100 inside "$1" curl -s --max-time 1 "http://${2:-$VIP}/" || die "$1 does not serve"
}
edge() { # starts the daemon and waits until it answers
  nsenter --net="/run/netns/$ID-edge" "${AS[@]}" "$BIN/fairlead-lb" --config "$DIR/lb.yaml" --state-dir "$DIR/state" --name "$ID" \
    --socket "$DIR/lb.sock" >>"$DIR/lb.log" 2>&1 & # its own pid: signals are for it
  lb_pid=$!
  STARTED+=("$lb_pid")
  eventually 100 lb status || die "the edge does not start"
}
requests() { inside client python3 -B "$HERE/people.py" ask "${2:-$VIP}" 80 "$1"; } # COUNT [ADDRESS]
flood() { inside client python3 -B "$HERE/people.py" flood "$VIP" 80 "$@"; } # COUNT PREFIX
# More tuples than the flow table has words for: of established flows none is forgotten, as let_go says.
drown() {
  flood 6000 198.18.
  lb status
  lb status | grep -q "packets of others found no room" || die "the flow table has room for all"
  curl -s --unix-socket "$DIR/lb.sock" http://lb/metrics | grep -q "^fairlead_lb_unremembered_packets_total [1-9]" ||
    die "no metric says so"
}
in_ring() { lb backends | awk -v a="$1" '$2 == a {++all; well += $3 == "up" || $3 == "unchecked"} END {exit !(all > 0 && well == all)}'; }
flows_of() { lb backends -o json | python3 -c "import json,sys; print(next(b['flows'] for b in json.load(sys.stdin)['items'] if b['address'] == '$1'))"; }

all_good() { # FILE SERVERS COUNT: what requests said
  [ "$(awk '{n += $2} END {print NR, n}' "$1")" = "$2 $3" ] && ! grep -q failed "$1"
}

hold() { # NAME: 60 connections and UDP flows that ask again and again until let_go
  mkfifo "$DIR/$1.end"
  nsenter --net="/run/netns/$ID-client" python3 -B "$HERE/people.py" hold "$VIP" 80 60 <>"$DIR/$1.end" >"$DIR/$1" 2>&1 &
  HOLDERS[$1]=$!
  STARTED+=("$!")
  eventually 150 grep -q "all are there" "$DIR/$1" || die "60 connections do not come: $(cat "$DIR/$1")"
}
let_go() { # NAME
  echo end >"$DIR/$1.end"
  wait "${HOLDERS[$1]}" || die "the clients end badly: $(cat "$DIR/$1")"
  tail -n 1 "$DIR/$1"
  grep -q "connections 60 flows 60 broken 0" "$DIR/$1" || die "flows broke"
}

begin() { # a client, an edge, two servers
  ip netns add "$ID-lan"
  ip -n "$ID-lan" link add br0 type bridge
  ip -n "$ID-lan" link set br0 up
  host client 192.0.2.100
  host edge 192.0.2.1
  server one 192.0.2.11
  server two 192.0.2.12
  ip -n "$ID-client" route add "$VIP" via 192.0.2.1
  ip -n "$ID-edge" route add default via 192.0.2.100
}
unfinished_sums() { # the client's kernel leaves them to hardware that a veth does not have
  inside client ethtool -K eth0 tx on tso off gso off >/dev/null 2>&1
}
