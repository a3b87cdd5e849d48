# SPDX-License-Identifier: Apache-2.0
"""The people of lb_test.sh: servers, and clients that stay.

  serve NAME ADDRESS PORT    TCP: answers GET by HTTP, any other line by "NAME line"; UDP the same, line by datagram
  hold ADDRESS PORT COUNT [FLOWS]
                             COUNT connections and FLOWS UDP flows (as many), all there once each was answered three times
                             (a flow of one packet is no established one); each asks again and again until "end" comes
                             on stdin; then one line: how many lasted with one server all the time, and how often each
  ask ADDRESS PORT COUNT     COUNT requests one after another: NAME COUNT for each server, "failed N"
  flood ADDRESS PORT COUNT PREFIX
                             spoofed: COUNT times a SYN, two ACKs of one connection and two datagrams of one flow, from
                             addresses that begin so
"""

import asyncio
import collections
import random
import socket
import struct
import sys

PATIENCE = 10
QUESTIONS = 2000  # a second, of all together


async def serve(name, address, port):
    async def talk(reader, writer):
        while line := await reader.readline():
            if line.startswith(b"GET"):
                writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + name.encode() + b"\n")
                break
            writer.write(name.encode() + b" " + line)
            await writer.drain()
        writer.close()

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, peer):
            self.transport.sendto(name.encode() + b" " + data, peer)

    server = await asyncio.start_server(talk, address, int(port), backlog=1024)
    await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, local_addr=(address, int(port)))
    await server.serve_forever()


async def one_stream(address, port, number, rest, seen, end):
    reader, writer = await asyncio.open_connection(address, int(port))
    while not end.is_set():
        writer.write(b"%d\n" % number)
        answer = await asyncio.wait_for(reader.readline(), PATIENCE)
        if not answer:
            raise OSError("closed")
        seen[number][answer.split()[0].decode()] += 1
        await asyncio.sleep(rest)
    writer.close()


async def one_flow(address, port, number, rest, seen, end):
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.connect((address, int(port)))
    while not end.is_set():
        for _ in range(3):  # a datagram may be lost, three are not
            await loop.sock_sendall(sock, b"%d\n" % number)
            try:
                answer = await asyncio.wait_for(loop.sock_recv(sock, 100), PATIENCE / 3)
                break
            except asyncio.TimeoutError:
                answer = b""
        if not answer:
            raise OSError("no answer")
        seen[number][answer.split()[0].decode()] += 1
        await asyncio.sleep(rest)


async def hold(address, port, count, others=None):
    count, others, end = int(count), int(others or count), asyncio.Event()
    rest = max(0.1, (count + others) / QUESTIONS)
    streams, flows = [collections.defaultdict(collections.Counter) for _ in range(2)]
    tasks = [asyncio.create_task(one_stream(address, port, n, rest, streams, end)) for n in range(count)]
    tasks += [asyncio.create_task(one_flow(address, port, n, rest, flows, end)) for n in range(others)]
    while sum(answers.total() >= 3 for seen in (streams, flows) for answers in list(seen.values())) < count + others:
        await asyncio.sleep(0.05)
        for task in tasks:
            if task.done():
                task.result()
    print("all are there", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    end.set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    broken = sum(isinstance(e, Exception) for e in ends)
    moved = sum(len(names) > 1 for names in [*streams.values(), *flows.values()])
    for kind, seen in (("tcp", streams), ("udp", flows)):
        for number, names in seen.items():
            if len(names) > 1:
                print("moved:", kind, number, dict(names))
    by_server = collections.Counter(name for names in streams.values() for name in names)
    print(f"connections {count} flows {others} broken {broken} moved {moved}", dict(sorted(by_server.items())), flush=True)


async def ask(address, port, count):
    seen = collections.Counter()
    for _ in range(int(count)):
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(address, int(port)), 2)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 2)
            seen[answer.split(b"\r\n\r\n")[1].decode().strip()] += 1
            writer.close()
        except (OSError, asyncio.TimeoutError, IndexError):
            seen["failed"] += 1
    for name, times in sorted(seen.items()):
        print(name, times)


def sum_of(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def spoofed(source, to, protocol, head, sum_at):
    pseudo = source + to + struct.pack("!BBH", 0, protocol, len(head))
    head = head[:sum_at] + struct.pack("!H", sum_of(pseudo + head)) + head[sum_at + 2 :]
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(head), 0, 0, 64, protocol, 0, source, to) + head


async def flood(address, port, count, prefix):
    ack, syn, number = 0x10, 0x02, random.Random(1)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    to, octets = socket.inet_aton(address), 4 - prefix.count(".")
    sent = 0
    for _ in range(int(count)):
        for protocol, flags, times in ((6, syn, 1), (6, ack, 2), (17, 0, 2)):
            source = socket.inet_aton(prefix + ".".join(str(number.randrange(256)) for _ in range(octets)))
            ports = struct.pack("!HH", number.randrange(1024, 65536), int(port))
            tcp = ports + struct.pack("!IIBBHHH", 1, 1, 5 << 4, flags, 1024, 0, 0)
            udp = ports + struct.pack("!HH", 8, 0)
            packet = spoofed(source, to, protocol, *((tcp, 16) if protocol == 6 else (udp, 6)))
            for _ in range(times):
                raw.sendto(packet, (address, 0))
                sent += 1
        await asyncio.sleep(0)
    print(sent, "spoofed packets")


if __name__ == "__main__":
    asyncio.run({"serve": serve, "hold": hold, "ask": ask, "flood": flood}[sys.argv[1]](*sys.argv[2:]))
