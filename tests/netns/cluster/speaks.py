# SPDX-License-Identifier: Apache-2.0
"""speaks.py NETNS ADDRESS FILE: from a pod's network, a datagram to its node's address again and again, until
FILE is gone; run it in the node's. Its container has no part in it, and its end does not stop it. A line for
each: when it was sent (ns), and 200 when it arrived, else 000.
"""
import ctypes
import os
import socket
import sys
import time

PORT = 9156


def socket_in(netns):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(netns, encoding="ascii") as space:
        if libc.setns(space.fileno(), 0) != 0:
            sys.exit(f"{netns}: {os.strerror(ctypes.get_errno())}")
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def arrives(sender, receiver, address, number):
    try:
        sender.sendto(number, (address, PORT))
        while receiver.recv(100) != number:
            pass
        return True
    except OSError:  # no link any more, or nothing came
        return False


netns, address, file = sys.argv[1:]
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind((address, PORT))
receiver.settimeout(0.02)
sender = socket_in(netns)
asked = 0
while os.path.exists(file):
    asked += 1
    sent = time.time_ns()
    print(sent, "200" if arrives(sender, receiver, address, str(asked).encode()) else "000", flush=True)
    time.sleep(0.02)
