# SPDX-License-Identifier: Apache-2.0
"""The README shows the session as it really prints.

Compares the block between the session marks of README.md with a transcript.
Only what differs from run to run is blurred, each by its own pattern: pods'
suffixes, addresses and places, ages and seconds, each pod's share of the
answers, what a node's machine has, widths of columns. All else is compared to
the letter: commands, virtual addresses, N/N, "300 answered, 0 failed". Then
both texts must agree with themselves: a name's addresses are the service's,
the answers add up, and the pod that was deleted answers no more.

usage: readme.py README TRANSCRIPT [--write]      --write puts the transcript there
"""

import difflib
import pathlib
import re
import sys

BLOCK = re.compile(r"(<!-- session: begin.*?-->\n```console\n)(.*?)(```\n<!-- session: end -->)", re.DOTALL)
BLURRED = [(re.compile(pattern), text) for pattern, text in (
    (r"\b(web|client)-[a-z0-9]{5}\b", r"\1-POD"),
    (r"\b10\.244\.\d+\.\d+\b", "POD-ADDRESS"),
    (r"^(n\d+ .* ready +)\d+(/250) +\S+ +\S+ +\S+", r"\1N\2 CPU MEMORY KERNEL"),
    (r"^((?:web|client)-POD +(?:web|client) +)n\d+", r"\1NODE"),
    (r"^(web-POD +)n\d+ +\d+ +\d+\.\d%", r"\1NODE ANSWERS SHARE"),
    (r"^(\+ job/client +)n\d+", r"\1NODE"),
    (r"\b(?:\d+m)?\d+(?:\.\d+)? ?s$|(?<= )\d+s\b", "SECONDS"),
    (r"(?<=ready in )\S+", "SECONDS"),
)]


def blurred(line):
    for pattern, text in BLURRED:
        line = pattern.sub(text, line)
    return " ".join(line.split())


def parts(session):
    """What each command printed, as (command, text)."""
    pieces = re.split(r"^\$ fairlead (.*)\n", session, flags=re.MULTILINE)
    return list(zip(pieces[1::2], pieces[2::2]))


def disagreements(session):
    """What a session says against itself."""
    said = {}
    for command, text in parts(session):
        said.setdefault(command.split(" -- ")[-1].split()[0], []).append(text)
    tables = said["get"][0]
    vips = re.findall(r"^web +(\S+) (\S+) +80->http", tables, re.MULTILINE)
    resolved = re.findall(r"^Name:.*\nAddress: (\S+)$", said["nslookup"][0], re.MULTILINE)
    if len(vips) != 1 or sorted(vips[0]) != sorted(resolved):
        yield f"the service's addresses are {vips}, its name's {resolved}"
    if re.findall(r"^\+ service/web +(\S+) (\S+)", said["apply"][0], re.MULTILINE) != vips:
        yield f"apply and get name different addresses: {vips}"
    rows = re.findall(r"^(?:web|client)-\S+ .* ready ", tables, re.MULTILINE)
    if sum(map(int, re.findall(r" (\d+)/250 ", tables))) != len(rows):
        yield f"the nodes do not count {len(rows)} pods together"
    loads = [dict(re.findall(r"^(web-\S+) +n\d+ +(\d+) ", text, re.MULTILINE)) for text in said["loadgen"]]
    if len(loads) != 2 or any(sum(map(int, load.values())) != 300 for load in loads):
        yield f"not twice 300 answers: {loads}"
    deleted = re.findall(r"^- pod/(\S+)", said["delete"][0], re.MULTILINE)
    if len(deleted) != 1 or deleted[0] not in loads[0] or deleted[0] in loads[-1]:
        yield f"{deleted} did not leave: {loads}"


def main():
    readme, lines = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text().strip().splitlines()
    # loadgen says how far it is only when it takes long.
    transcript = "".join(line.rstrip() + "\n" for line in lines if not line.startswith("loadgen: "))
    text = readme.read_text()
    found = BLOCK.search(text)
    if not found:
        print(f"{readme} has no session marks")
        return 1
    if "--write" in sys.argv:
        readme.write_text(text[: found.start(2)] + transcript + text[found.end(2):])
        return 0
    shown, real = ([blurred(line) for line in part.splitlines()] for part in (found.group(2), transcript))
    wrong = list(difflib.unified_diff(shown, real, "README.md", "as it really prints", lineterm="", n=1))
    for name, session in (("README.md", found.group(2)), ("the transcript", transcript)):
        wrong += [f"{name}: {why}" for why in disagreements(session)]
    print(*wrong, sep="\n")
    return 1 if wrong else 0


sys.exit(main())
