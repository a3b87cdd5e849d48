# SPDX-License-Identifier: Apache-2.0
"""Reads the commands out of docs/install.md and docs/packages.md.

A block that starts with ```sh holds commands and must follow a line that says
where they are typed: "On **host1**:", "On **host1**, **host2** and **host3**:"
or "On **each host**:". A ```text block right after "It prints:" is what the
block before it prints. A ```nft block is a firewall under which all of it
works. Any other block is only to be looked at.
"""

import dataclasses
import re

HOSTS = ["host1", "host2", "host3"]
PRINTS = "It prints:"


@dataclasses.dataclass
class Block:
    line: int
    hosts: list
    commands: str
    prints: str = ""


class Wrong(Exception):
    pass


def hosts_of(label, line, hosts):
    """The hosts that "On ...:" names."""
    if not (label.startswith("On **") and label.endswith(":")):
        raise Wrong(f"line {line}: commands without a line like 'On **host1**:' before them, but {label!r}")
    names = re.findall(r"\*\*(.+?)\*\*", label)
    if names == ["each host"]:
        return hosts
    if not names or not set(names) <= set(hosts):
        raise Wrong(f"line {line}: {label!r} names something else than {hosts} or 'each host'")
    return names


def read(text, hosts=HOSTS):
    """The blocks of commands, in order, and the firewall."""
    blocks, firewall, label, fence, body = [], "", "", None, []
    for number, line in enumerate(text.splitlines(), 1):
        if fence is None and line.startswith("```"):
            fence, body, start = line[3:].strip(), [], number
        elif fence is None:
            label = line.strip() or label
        elif line != "```":
            body.append(line)
        else:
            content = "\n".join(body) + "\n"
            if fence == "sh":
                blocks.append(Block(start, hosts_of(label, start, hosts), content))
            elif fence == "nft":
                firewall += content
            elif label == PRINTS and blocks:
                blocks[-1].prints = content
            fence, label = None, ""
    if fence is not None:
        raise Wrong(f"line {start}: a block that does not end")
    return blocks, firewall


def blurred(text):
    """What differs from run to run (numbers, pods' suffixes, widths of columns) is '#'."""
    def word(text):
        return "#" if re.search(r"\d", re.sub(r"^host\d$", "host", text)) or re.match(r"(web|client)-\w", text) else text

    lines = [" ".join(word(part) for part in line.split()) for line in text.splitlines()]
    return [line for line in lines if line]
