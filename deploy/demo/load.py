# SPDX-License-Identifier: Apache-2.0
"""One client of the demo, run in the network namespace of a pod: GETs to nginx,
each on a new connection, and SET with GET to redis on connections that stay.

What counts: a request is answered when the right answer comes within its time.
When its connection is refused or breaks it is asked again on a new connection,
as every client does with a GET; that is counted as `again`. Without a right
answer in TIME seconds it has failed.

Prints a line of totals four times a second: {"done", "failed", "again", "why"}.
Ends when its stdin does, then with the final totals.

usage: load.py HTTP_VIP,... REDIS_VIP,... WORKERS PER_SECOND
"""

import asyncio
import json
import sys
import time

TIME = 5.0
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)  # before asking again; the last one repeats
MAX_ANSWER = 4096


class Totals:
    def __init__(self):
        self.done = self.failed = self.again = 0
        self.why = ""

    def line(self):
        return json.dumps({"done": self.done, "failed": self.failed, "again": self.again, "why": self.why})


class Redis:
    """A connection that lives as long as it works."""

    def __init__(self, address):
        self.address, self.reader, self.writer, self.serial = address, None, None, 0

    async def ask(self):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.address, 6379)
        self.serial += 1
        key, value = f"demo:{id(self)}", str(self.serial)
        self.writer.write(f"SET {key} {value}\r\nGET {key}\r\n".encode())
        for wanted in ("+OK", f"${len(value)}", value):
            said = (await self.reader.readuntil(b"\r\n")).decode(errors="replace").strip()
            if said != wanted:
                raise OSError(f"redis said {said[:60]!r}, not {wanted!r}")

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


class Http:
    def __init__(self, address):
        self.address, self.writer = address, None

    async def ask(self):
        reader, self.writer = await asyncio.open_connection(self.address, 80)
        self.writer.write(b"GET / HTTP/1.0\r\nHost: nginx\r\nConnection: close\r\n\r\n")
        said = await reader.read(MAX_ANSWER)
        if not said.startswith(b"HTTP/1.1 200 "):
            raise OSError(f"nginx said {said[:40]!r}")
        self.close()

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.writer = None


async def request(client, totals):
    end = time.monotonic() + TIME
    tries = 0
    while True:
        try:
            await asyncio.wait_for(client.ask(), max(0.0, end - time.monotonic()))
            break
        except (OSError, EOFError, asyncio.TimeoutError, ValueError) as error:
            client.close()
            pause = PAUSES[min(tries, len(PAUSES) - 1)]
            tries += 1
            totals.why = f"{client.address}: {error or 'no answer in time'}"
            if time.monotonic() + pause >= end:
                totals.failed += 1
                break
            totals.again += 1
            await asyncio.sleep(pause)
    totals.done += 1


async def work(client, totals, pause, stop):
    while not stop.is_set():
        await request(client, totals)
        await asyncio.sleep(pause)
    client.close()


async def wait_for_end(stop):
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    stop.set()


async def main():
    http, redis, workers, rate = sys.argv[1].split(","), sys.argv[2].split(","), int(sys.argv[3]), float(sys.argv[4])
    totals, stop = Totals(), asyncio.Event()
    clients = [Http(http[i // 2 % len(http)]) if i % 2 else Redis(redis[i // 2 % len(redis)]) for i in range(workers)]
    tasks = [asyncio.create_task(work(client, totals, workers / rate, stop)) for client in clients]
    tasks.append(asyncio.create_task(wait_for_end(stop)))
    while not stop.is_set():
        print(totals.line(), flush=True)
        await asyncio.sleep(0.25)
    await asyncio.gather(*tasks)
    print(totals.line(), flush=True)


asyncio.run(main())
