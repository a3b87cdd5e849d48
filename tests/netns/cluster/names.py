# SPDX-License-Identifier: Apache-2.0
"""Questions for names, as a pod's process asks them: one datagram out, one in.

    names.py ask SERVER NAME TYPE...      one line of what was answered, per type: CODE flags data...
    names.py tcp SERVER NAME TYPE...      the same over one connection, all asked before the first is answered
    names.py pace SERVER NAME ADDRESS RATE SECONDS
                                          so many a second, each from a port of its own; every answer must be
                                          this one address; ends at a line on standard input, or after SECONDS
"""

import ipaddress
import os
import random
import select
import socket
import struct
import sys
import time

TYPES = {"A": 1, "SOA": 6, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33}
CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def query(number, name, kind):
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + wire(name) + struct.pack("!2H", TYPES[kind], 1)


def name_at(message, at):
    labels, end = [], None
    while message[at]:
        if message[at] >= 0xC0:
            end = end or at + 2
            at = (message[at] & 0x3F) << 8 | message[at + 1]
            continue
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels), end or at + 1


def data_of(kind, message, at, length):
    octets = message[at : at + length]
    if kind in (1, 28):
        return str(ipaddress.ip_address(octets))
    if kind == 12:
        return name_at(message, at)[0]
    if kind == 33:
        return " ".join(str(n) for n in struct.unpack("!3H", octets[:6])) + " " + name_at(message, at + 6)[0]
    if kind == 16:
        return octets[1:].decode()
    return octets.hex()


def answers(message):
    number, flags, questions, count = struct.unpack("!4H", message[:8])
    at = 12
    for _ in range(questions):
        at = name_at(message, at)[1] + 4
    found = []
    for _ in range(count):
        at = name_at(message, at)[1]
        kind, _, _, length = struct.unpack("!2HIH", message[at : at + 10])
        found.append(data_of(kind, message, at + 10, length))
        at += 10 + length
    return number, CODES.get(flags & 15, str(flags & 15)), "aa" if flags & 0x0400 else "", sorted(found)


def socket_to(server):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.connect((server, 53))
    return s


def ask(server, name, *kinds):
    for kind in kinds:
        number = random.randrange(65536)
        with socket_to(server) as s:
            s.settimeout(2)
            s.send(query(number, name, kind))
            try:
                got, code, flags, found = answers(s.recv(4096))
            except (TimeoutError, ConnectionRefusedError):
                print("no answer")
                continue
        if got != number:
            sys.exit("an answer to another question")
        print(" ".join(word for word in [code, flags, *found] if word))


def tcp(server, name, *kinds):
    with socket.create_connection((server, 53), timeout=2) as s:
        asked = [query(number, name, kind) for number, kind in enumerate(kinds)]
        s.sendall(b"".join(struct.pack("!H", len(one)) + one for one in asked))
        stream = s.makefile("rb")
        for number in range(len(kinds)):
            got, code, flags, found = answers(stream.read(struct.unpack("!H", stream.read(2))[0]))
            if got != number:
                sys.exit("answered in another order")
            print(" ".join(word for word in [code, flags, *found] if word))


def pace(server, name, address, rate, seconds):
    begin = time.monotonic()
    asked = good = 0
    waiting = {}
    with_poll = select.epoll()
    sockets = {}
    for _ in range(64):
        s = socket_to(server)
        s.setblocking(False)
        sockets[s.fileno()] = s
        with_poll.register(s, select.EPOLLIN)
    order = list(sockets.values())
    while time.monotonic() - begin < seconds and not select.select([sys.stdin], [], [], 0)[0]:
        while asked < (time.monotonic() - begin) * rate:
            s = order[asked % len(order)]
            s.send(query(asked & 0xFFFF, name, "A"))
            waiting[asked & 0xFFFF] = True
            asked += 1
        good += collect(with_poll, sockets, waiting, address, 0.001)
    for _ in range(200):
        if waiting:
            good += collect(with_poll, sockets, waiting, address, 0.01)
    print(f"asked {asked} answered {good} failed {asked - good}", flush=True)
    return asked == good


def collect(with_poll, sockets, waiting, address, patience):
    good = 0
    for fd, _ in with_poll.poll(patience):
        while True:
            try:
                number, code, _, found = answers(sockets[fd].recv(4096))
            except BlockingIOError:
                break
            if code != "NOERROR" or found != [address]:
                sys.exit(f"answered {code} {found}")
            good += waiting.pop(number, False) is True
    return good


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    if sys.argv[1] == "ask":
        ask(*sys.argv[2:])
    elif sys.argv[1] == "tcp":
        tcp(*sys.argv[2:])
    elif not pace(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6])):
        sys.exit(1)
