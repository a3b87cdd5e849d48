# SPDX-License-Identifier: Apache-2.0
"""vnis.py LINK FILE: which VNIs packets on a link carry, until TERM. FILE appears when it listens."""
import signal
import socket
import sys

VXLAN = 4789
seen = set()


def finish(*_):
    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.write(" ".join(str(v) for v in sorted(seen)) or "none")
    sys.exit(0)


def vni_of(frame):
    """Of an Ethernet frame with IPv4, UDP and VXLAN in it; else None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    udp = 14 + (frame[14] & 15) * 4
    if int.from_bytes(frame[udp + 2 : udp + 4], "big") != VXLAN:
        return None
    return int.from_bytes(frame[udp + 12 : udp + 15], "big")


link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
link.bind((sys.argv[1], 0))
signal.signal(signal.SIGTERM, finish)
open(sys.argv[2], "w", encoding="ascii").close()
while True:
    vni = vni_of(link.recv(256))
    if vni is not None:
        seen.add(vni)
