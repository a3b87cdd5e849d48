# SPDX-License-Identifier: Apache-2.0
"""dataplane/fwd stands alone: it includes nothing but itself and the kernel's
types, and every compiler that takes it (C for BPF, C++ for the machines in user
space) takes it without a warning. One machine per language stands for all.
"""

import pathlib
import re
import subprocess

ROOM = "dataplane/fwd/"
INCLUDE = re.compile(r'#\s*include\s+[<"]([^>"]+)[>"]')
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-fsyntax-only"]
CXX = ["-std=c++23", *WARNINGS, "tests/packet/reference.cpp"]
COMMANDS = [
    ["clang++-19", *CXX],
    ["g++", *CXX],
    ["clang-19", "-target", "bpf", "-O2", "-std=gnu17", *WARNINGS, "ebpf/programs/node.bpf.c"],
]


def includes(tree):
    complaints = []
    for path in tree.paths(".h"):
        if not path.startswith(ROOM):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if (found := INCLUDE.match(line)) and not found[1].startswith(ROOM) and found[1] != "linux/types.h":
                complaints.append(f"{path}:{number}: includes {found[1]}; only {ROOM} and <linux/types.h>")
    return complaints


def compilers(tree):
    root = pathlib.Path(tree.build["root"])
    system = [f"-isystem{folder}" for folder in sorted(pathlib.Path("/usr/include").glob("*-linux-gnu"))]
    complaints = []
    for command in COMMANDS:
        done = subprocess.run([*command, "-I.", *system], cwd=root, capture_output=True, text=True, check=False)
        complaints += [f"{command[0]}: {line}" for line in done.stderr.splitlines() if "error:" in line]
        if done.returncode != 0 and not complaints:
            complaints.append(f"{command[0]}: {done.stderr.strip()[-200:]}")
    return complaints


CHECKS = {
    "packet_semantics_stand_alone": (
        includes,
        [
            ({ROOM + "x.h": '\n#include "base/ip.h"\n'}, "x.h:2: includes base/ip.h"),
            ({ROOM + "x.h": "#include <stdint.h>\n"}, "includes stdint.h"),
        ],
        {ROOM + "x.h": '#include "dataplane/fwd/abi.h"\n#include <linux/types.h>\n', "base/x.h": "#include <map>\n"},
    ),
    "packet_semantics_compile_everywhere": (compilers, [], None),
}
