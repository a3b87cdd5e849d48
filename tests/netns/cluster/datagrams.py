# SPDX-License-Identifier: Apache-2.0
"""datagrams.py serve FILE | ask ADDRESS BYTES: UDP and TCP echo on port 9155.

FILE appears when the server listens; it serves until TERM. Who asks lets the kernel
cut a datagram by the path MTU that it learnt, and tries ten times; it prints that MTU.
"""
import socket
import sys
import threading

IP_MTU_DISCOVER, IP_PMTUDISC_WANT, IP_MTU = 10, 1, 14
PORT = 9155


def echo_stream(listener):
    while True:
        peer, _ = listener.accept()
        with peer:
            while data := peer.recv(65536):
                peer.sendall(data)


def serve(file):
    listener = socket.create_server(("", PORT))
    threading.Thread(target=echo_stream, args=(listener,), daemon=True).start()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("", PORT))
    open(file, "w", encoding="ascii").close()
    while True:
        data, peer = udp.recvfrom(65536)
        udp.sendto(data, peer)


def ask_datagram(address, sent):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT)
        udp.settimeout(1)
        udp.connect((address, PORT))
        for _ in range(10):
            try:
                udp.send(sent)
                if udp.recv(65536) == sent:
                    return udp.getsockopt(socket.IPPROTO_IP, IP_MTU)
            except (TimeoutError, OSError):
                continue
    sys.exit(f"a datagram of {len(sent)} bytes never came back")


def ask_stream(address, sent):
    with socket.create_connection((address, PORT), timeout=10) as stream:
        stream.sendall(sent)
        stream.shutdown(socket.SHUT_WR)
        back = b""
        while data := stream.recv(65536):
            back += data
    if back != sent:
        sys.exit(f"{len(back)} of {len(sent)} bytes came back")


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    payload = bytes(i % 251 for i in range(int(sys.argv[3])))
    ask_stream(sys.argv[2], payload * 20)
    print(ask_datagram(sys.argv[2], payload))
