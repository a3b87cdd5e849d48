# SPDX-License-Identifier: Apache-2.0
"""A server's end of an edge's tunnels, in user space: what comes as IP in IP (protocols 4 and 41) or as
GUE (UDP port 6080, variant 0), over either family, goes to the kernel by a TUN device. The kernel has
checked the outer header before it hands it to a socket; here the tunnel's own is checked."""
import fcntl
import os
import select
import socket
import struct

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
UDP_NO_CHECK6_RX = 102

tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"tunnel", IFF_TUN | IFF_NO_PI))
os.system("ip link set tunnel mtu 1500 up")

VERSION = {4: 4, 41: 6}


def raw(family, protocol):
    made = socket.socket(family, socket.SOCK_RAW, protocol)
    return made, lambda data: data[(data[0] & 15) * 4 :] if family == socket.AF_INET else data, protocol


def gue(family):
    made = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)
    made.bind(("", 6080))
    return made, None, None


def inner(data, strip, protocol):
    if strip is None:  # GUE: version 0, no control message, no options
        if len(data) < 4 or data[0] != 0 or data[2:4] != b"\0\0":
            return None
        protocol, packet = data[1], data[4:]
    else:
        packet = strip(data)
    return packet if packet and VERSION.get(protocol) == packet[0] >> 4 else None


ends = {}
for each in [raw(f, p) for f in (socket.AF_INET, socket.AF_INET6) for p in VERSION] + [
    gue(socket.AF_INET),
    gue(socket.AF_INET6),
]:
    each[0].setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    ends[each[0].fileno()] = each
print("ready", flush=True)
while True:
    for ready in select.select(list(ends), [], [])[0]:
        end, strip, protocol = ends[ready]
        packet = inner(end.recv(65535), strip, protocol)
        if packet is not None:
            os.write(tun, packet)
