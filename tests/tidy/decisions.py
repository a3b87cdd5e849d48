# SPDX-License-Identifier: Apache-2.0
"""Each decision in docs/adr has a number of its own, which its title repeats,
and whoever refers to one refers to one that exists."""

import re

FOLDER = "docs/adr/"


def numbered(tree):
    complaints, seen = [], {}
    for path in (p for p in tree.paths(".md") if p.startswith(FOLDER)):
        number = path.removeprefix(FOLDER)[:4]
        if number in seen:
            complaints.append(f"{path}:1: {seen[number]} has this number; take the next free one")
        seen[number] = path
        if not tree.texts[path].startswith(f"# {number}: "):
            complaints.append(f"{path}:1: the title does not begin with '# {number}: '")
    for path in tree.paths():
        for line, text in enumerate(tree.lines(path), 1):
            complaints += [f"{path}:{line}: there is no decision {number}"
                           for number in re.findall(r"\bdocs/adr/(\d{4})", text) if number not in seen]
    return complaints


_GOOD = {"docs/adr/0001-a.md": "# 0001: A\n", "x.h": "// see docs/adr/0001\n"}
CHECKS = {
    "decisions_have_numbers": (
        numbered,
        [
            ({**_GOOD, "docs/adr/0001-b.md": "# 0001: B\n"}, "has this number"),
            ({"docs/adr/0002-b.md": "# 0001: B\n"}, "does not begin with '# 0002: '"),
            ({**_GOOD, "y.md": "docs/" + "adr/0007 says why\n"}, "y.md:1: there is no decision 0007"),
        ],
        _GOOD,
    ),
}
