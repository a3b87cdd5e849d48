# SPDX-License-Identifier: Apache-2.0
"""What a node's tables hold in the kernel, by the bpf system call alone.

rows.py same PINS       the levels on stdin (fairlead node tables N -o json) are the rows of the maps
rows.py fill PINS TABLE rows of nobody, which no sweep takes, until there is no room
rows.py fill-idle PINS flows  whole flows of nobody that ended long ago, until there is no room
rows.py free PINS TABLE takes them out again
"""
import ctypes
import json
import os
import platform
import struct
import sys

OBJ_GET, INFO, LOOKUP_BATCH, UPDATE_BATCH, DELETE_BATCH = 7, 15, 24, 26, 27
NUMBER = {"x86_64": 321, "aarch64": 280}[platform.machine()]
LIBC = ctypes.CDLL(None, use_errno=True)
BATCH = 16384


def bpf(command, *fields):
    attr = ctypes.create_string_buffer(struct.pack("=" + "".join(f for f, _ in fields), *(v for _, v in fields)), 128)
    result = LIBC.syscall(NUMBER, command, attr, 128)
    return result, ctypes.get_errno(), attr.raw


def at(buffer):
    return ("Q", ctypes.addressof(buffer))


class Map:
    def __init__(self, pins, name):
        path = ctypes.create_string_buffer(os.path.join(pins, name).encode())
        self.fd, error, _ = bpf(OBJ_GET, at(path), ("I", 0), ("I", 0))
        if self.fd < 0:
            sys.exit(f"{path.value.decode()}: {os.strerror(error)}")
        info = ctypes.create_string_buffer(256)
        bpf(INFO, ("I", self.fd), ("I", 256), at(info))
        self.type, _, self.key, self.value, self.capacity = struct.unpack_from("=5I", info.raw)

    def batch(self, command, before, after, keys, values, count):
        result, error, attr = bpf(command, before, after, at(keys), at(values), ("I", count), ("I", self.fd))
        return result, error, struct.unpack_from("=I", attr, 32)[0]

    def rows(self):
        """Of an array, those that are not all zero."""
        keys = ctypes.create_string_buffer(BATCH * self.key)
        values = ctypes.create_string_buffer(BATCH * ((self.value + 7) // 8 * 8))
        cursor = ctypes.create_string_buffer(max(4, self.key))
        before = ("Q", 0)
        while True:
            failed, error, count = self.batch(LOOKUP_BATCH, before, at(cursor), keys, values, BATCH)
            if failed and error != 2:
                sys.exit(f"reading: {os.strerror(error)}")
            for i in range(count):
                key = keys[i * self.key : (i + 1) * self.key]
                if self.type != 2 or any(values[i * self.value : (i + 1) * self.value]):
                    yield key
            if failed:
                return
            before = at(cursor)

    def fill(self, batch_of):
        first = 0
        while True:
            keys, values = batch_of(self, first)
            failed, error, _ = self.batch(UPDATE_BATCH, ("Q", 0), ("Q", 0), ctypes.create_string_buffer(keys),
                                          ctypes.create_string_buffer(values), BATCH)
            if failed:
                return error == 7  # E2BIG
            first += BATCH

    def free(self):
        keys = [key for key in self.rows() if key.startswith(b"\xff\xff\xff\xff") or (self.key == 4 and key[3] == 0xFF)]
        self.batch(DELETE_BATCH, ("Q", 0), ("Q", 0), ctypes.create_string_buffer(b"".join(keys)),
                   ctypes.create_string_buffer(1), len(keys))


def rows_of_nobody(table, first):
    keys = b"".join(b"\xff\xff\xff\xff" + struct.pack("=I", first + i).ljust(table.key - 4, b"\xff") if table.key > 4
                    else struct.pack("=I", 0xFFF00000 + first + i) for i in range(BATCH))
    return keys, b"\xff" * (BATCH * table.value)


def idle_flows(table, first):
    """fwd_flow_key and fwd_flow of dataplane/fwd/abi.h: both directions, untranslated, last seen at 0."""
    keys, values = [], []
    for i in range(first, first + BATCH, 2):
        ends = [struct.pack("=16s", b"\xfd" + struct.pack("=I", i)), struct.pack("=16s", b"\xfe")]
        for ways in (ends, ends[::-1]):
            keys.append(b"\xff\xff\xff\xff" + struct.pack("=B3x", 17) + b"".join(ways) + bytes(4))
            values.append(b"".join(ways).ljust(table.value, b"\0"))
    return b"".join(keys), b"".join(values)


def same(pins):
    levels = json.load(sys.stdin)["tables"]
    wrong = []
    for level in levels:
        table = Map(pins, level["table"])
        rows = sum(1 for _ in table.rows())
        if (int(level.get("used", 0)), int(level["capacity"])) != (rows, table.capacity):
            wrong.append(f"{level}: the kernel has {rows} of {table.capacity}")
    print("\n".join(wrong) or " ".join(f"{level['table']} {level.get('used', 0)}" for level in levels))
    return 1 if wrong or len(levels) < 11 else 0


if sys.argv[1] == "same":
    sys.exit(same(sys.argv[2]))
elif sys.argv[1] in ("fill", "fill-idle"):
    batch_of = rows_of_nobody if sys.argv[1] == "fill" else idle_flows
    sys.exit(0 if Map(sys.argv[2], sys.argv[3]).fill(batch_of) else "the kernel refused, but not for room")
else:
    Map(sys.argv[2], sys.argv[3]).free()
