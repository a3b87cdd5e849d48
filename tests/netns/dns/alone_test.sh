#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fairlead-dns beside knot, each with the same files of records, in a namespace of their own: every
# question (differ.py) gets the same answer by UDP and by TCP. Then its own ways: --check, SIGHUP, an address that
# is taken, files that are wrong.
set -euo pipefail
if [ -z "${FL_OWN_NET:-}" ]; then FL_OWN_NET=1 exec unshare --net bash "$0" "$@"; fi
HERE=$1/tests/netns/dns
DNS=$2/bin/fairlead-dns
DIR=$(mktemp -d)
PYTHON=/usr/bin/python3 # for which Debian has dnspython
STARTED=()
step() { echo "==> $*"; }
die() {
  echo "FAILED: $*" >&2
  cat "$DIR"/*.log >&2 || true
  exit 1
}
clean_up() {
  for pid in "${STARTED[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$DIR"
}
trap clean_up EXIT
eventually() { # TENTHS COMMAND...
  local left=$1
  shift
  until "$@" >/dev/null 2>&1; do
    ((--left > 0)) || return 1
    sleep 0.1
  done
}
ask() { "$PYTHON" -B "$HERE/differ.py" ask 127.0.0.1 "$@"; } # NAME TYPE
says() { [ "$(ask "$1" "$2")" = "$3" ] || die "$1 $2: $(ask "$1" "$2"), not $3"; }
start() { # ARGUMENTS...
  "$DNS" --records "$DIR/example.zone" "$DIR/reverse.zone" --listen 127.0.0.1 "$@" >"$DIR/dns.log" 2>&1 &
  dns_pid=$!
  STARTED+=("$dns_pid")
  eventually 50 grep -q "is ready" "$DIR/dns.log" || die "it does not start"
}
ip link set lo up
"$PYTHON" -B "$HERE/differ.py" write "$DIR"

step "--check says what is in the files"
"$DNS" --records "$DIR/example.zone" "$DIR/reverse.zone" --check
start

step "the same answers as knot's"
cat >"$DIR/knot.conf" <<END
server:
  rundir: $DIR
  listen: 127.0.0.2@53
database:
  storage: $DIR
template:
  - id: default
    storage: $DIR
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
  - domain: example.
    file: example.zone
  - domain: 2.0.192.in-addr.arpa.
    file: reverse.zone
END
knotd -c "$DIR/knot.conf" >"$DIR/knot.log" 2>&1 &
STARTED+=("$!")
eventually 100 "$PYTHON" -B "$HERE/differ.py" ask 127.0.0.2 ns.example A || die "knot does not start"
"$PYTHON" -B "$HERE/differ.py" compare "$DIR" 127.0.0.1 127.0.0.2 || die "the answers differ"

step "SIGHUP reads the files again; a mistake leaves the records as they are"
says new.example A "NXDOMAIN"
echo "new.example. 60 A 192.0.2.200" >>"$DIR/example.zone"
kill -HUP "$dns_pid"
eventually 50 grep -q "read again" "$DIR/dns.log" || die "it is not read"
says new.example A "NOERROR 192.0.2.200"
echo "new.example. 60 A 192.0.2.300" >>"$DIR/example.zone"
kill -HUP "$dns_pid"
eventually 50 grep -q 'stay as they were.*example.zone:[0-9]*: .*192.0.2.300' "$DIR/dns.log" || die "nobody says so"
says new.example A "NOERROR 192.0.2.200"

step "what is wrong is said, and where"
! "$DNS" --records "$DIR/example.zone" --check 2>"$DIR/said" || die "a mistake is taken"
grep -q 'example.zone:[0-9]*: "192.0.2.300": is no IPv4 address. write 192.0.2.1' "$DIR/said" || die "$(cat "$DIR/said")"
sed -i '$d' "$DIR/example.zone"
! timeout 10 "$DNS" --records "$DIR/example.zone" --listen 127.0.0.1 2>"$DIR/said" || die "a second one has the port"
grep -q "DNS address 127.0.0.1 port 53: " "$DIR/said" || die "$(cat "$DIR/said")"
! "$DNS" --records "$DIR/none.zone" --check 2>"$DIR/said" || die "no file is taken for one"
grep -q "none.zone" "$DIR/said" || die "$(cat "$DIR/said")"
kill "$dns_pid"
wait "$dns_pid" || die "it ends badly"
grep -q "stopping.*queries=[1-9]" "$DIR/dns.log" || die "it does not say what it has answered"
echo "a name server alone: done"
