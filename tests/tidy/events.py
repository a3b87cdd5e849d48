# SPDX-License-Identifier: Apache-2.0
"""The table of events in docs/cli.md has every word that code tells, and no other.

In the rooms that tell, a literal that is one capitalised word ("CutOff") is an event's; NOT_EVENTS are the others.
"""

import re

ROOMS = ("control/server/", "dataplane/lb/", "orchestrator/agent/", "orchestrator/plan/")
NOT_EVENTS = {"Join"}  # what an agent sends, as the name of the document that is validated
DOCUMENT = "docs/cli.md"
_WORD = re.compile(r'"((?:[A-Z][a-z]+)+)"')


def told(tree):
    """word -> where it is told first."""
    found = {}
    for path in (p for p in tree.code() if p.startswith(ROOMS)):
        for line, text in enumerate(tree.lines(path), 1):
            for word in _WORD.findall(text.partition("//")[0]):
                if word not in NOT_EVENTS:
                    found.setdefault(word, f"{path}:{line}")
    return found


def listed(text):
    """The words of the first and second columns of the table under "## Events"."""
    section = re.search(r"^## Events\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`.*)\|$", section[1] if section else "", flags=re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`((?:[A-Z][a-z]+)+)`", row)}


def in_step(tree):
    words, known = told(tree), listed(tree.texts.get(DOCUMENT, ""))
    return [f"{where}: {DOCUMENT} does not list the event {word}" for word, where in words.items() if word not in known] + [
        f"{DOCUMENT}: nobody tells the event {word}" for word in sorted(known - words.keys())]


_CODE = 'tell(context, pod, "CutOff", why);\ntell(context, pod, dead ? "Exited" : "Failed", "Not one");  // "Old"\n'
_DOC = "## Events\n\n| WHAT | who |\n|---|---|\n| `CutOff` | a |\n| `Exited` | b; `Failed` when |\n\n## Next\n\n| `Other` | c |\n"
_PATH = "orchestrator/agent/a.cpp"
CHECKS = {
    "events_are_documented": (
        in_step,
        [
            ({_PATH: _CODE, DOCUMENT: _DOC.replace("`CutOff`", "-")}, f"{_PATH}:1: {DOCUMENT} does not list the event CutOff"),
            ({_PATH: _CODE, DOCUMENT: _DOC.replace("`Failed`", "it")}, f"{_PATH}:2: {DOCUMENT} does not list the event Failed"),
            ({_PATH: _CODE, DOCUMENT: _DOC.replace("b;", "`Gone`")}, "nobody tells the event Gone"),
            ({_PATH: _CODE}, "does not list the event CutOff"),
        ],
        {_PATH: _CODE, DOCUMENT: _DOC},
    ),
}
