# SPDX-License-Identifier: Apache-2.0
"""Answers from the address that was asked, as a server behind an edge must.   answer.py MARK ADDRESS...

UDP 7007: as it came. UDP 5353: with the mark behind it. TCP 80: a line "UP DOWN", then UP octets; the answer is
a line with the mark, then DOWN octets; each sum is part of the conversation."""
import select
import socket
import sys
import threading
import zlib

mark = sys.argv[1].encode()


def octets(count):
    return (bytes(range(251)) * (count // 251 + 1))[:count]


def converse(connection):
    try:
        with connection, connection.makefile("rb") as asked:
            up, down = map(int, asked.readline().split())
            whole = asked.read(up)
            good = b"" if zlib.crc32(whole) == zlib.crc32(octets(up)) else b" damaged"
            connection.sendall(mark + good + b"\n" + octets(down))
    except (OSError, ValueError):
        pass


def serve(listener):
    while True:
        threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()


sockets = {}
for address in sys.argv[2:]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 80))
    listener.listen(64)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    for port, more in ((7007, b""), (5353, mark)):
        made = socket.socket(family, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
        made.bind((address, port))
        sockets[made] = more
while True:
    for ready in select.select(list(sockets), [], [])[0]:
        data, peer = ready.recvfrom(65535)
        try:
            ready.sendto(data + sockets[ready], peer)
        except OSError:
            pass  # larger than the way that was learned: the next one fits
