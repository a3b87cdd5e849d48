# SPDX-License-Identifier: Apache-2.0
"""docs/drops.md is what dataplane/fwd/verdicts.h says.

usage: drops.py ROOT      writes the document anew
"""

import pathlib
import re
import sys

SOURCE, DOCUMENT = "dataplane/fwd/verdicts.h", "docs/drops.md"
HEAD = """# Why a packet was dropped

`fairlead node drops` counts by these names. The list is made from `dataplane/fwd/verdicts.h`; after a change
there: `python3 tests/tidy/drops.py .`

| Reason | Meaning |
|---|---|
"""


def document(verdicts):
    """The document that belongs to a text of verdicts.h."""
    listed = verdicts.partition("#define FWD_DROPS(X)")[2].partition("\n\n")[0]
    rows = re.findall(r'X\((\w+),\s*"([^"]*)"\)', listed)
    return HEAD + "".join(f"| `{name}` | {meaning} |\n" for name, meaning in rows)


def in_step(tree):
    if tree.texts.get(DOCUMENT) == document(tree.texts.get(SOURCE, "")):
        return []
    return [f"{DOCUMENT}: differs from {SOURCE}; run  python3 tests/tidy/drops.py .  and look"]


_SAMPLE = '#define FWD_DROPS(X) \\\n  X(LATE, "came late") \\\n  X(LOST, "a, (b)")\n\nenum\n'
CHECKS = {
    "drop_reasons_are_documented": (
        in_step,
        [
            ({SOURCE: _SAMPLE, DOCUMENT: document(_SAMPLE).replace("came late", "was late")}, "differs"),
            ({SOURCE: _SAMPLE, DOCUMENT: document(_SAMPLE).replace("| `LOST` | a, (b) |\n", "")}, "differs"),
            ({SOURCE: _SAMPLE}, "differs"),
        ],
        {SOURCE: _SAMPLE, DOCUMENT: document(_SAMPLE)},
    ),
}

if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    (root / DOCUMENT).write_text(document((root / SOURCE).read_text()))
