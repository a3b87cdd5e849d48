# SPDX-License-Identifier: Apache-2.0
"""Words: names that say nothing, notes to oneself, and traces of a machine."""

import pathlib
import re

from tree import CODE, without_comments

EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "handler", "processor", "impl"}
SELF = "tests/tidy/"

TEXT_RULES = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "a note to oneself: do it, or open an issue"),
    (re.compile(r"(?<![\w.{}$-])/(?:work|home|root)/"), "a path of one machine"),
    (re.compile(r"^(?:<{7}|>{7}|={7})(?: |$)"), "a merge conflict"),
    (re.compile(r"\b(?:session of|as an AI|language model|co-authored-by)\b", re.IGNORECASE), "how it was made"),
    (re.compile(r"^\s*(?://|#|/\*)\s*[-=*#/~_]{4,}"), "a separator: let names and blank lines divide"),
    (re.compile(r"@author\b|\bauthor:\s", re.IGNORECASE), "an author: version control knows"),
    (re.compile(r"[ \t]+$"), "blanks at the end of the line"),
]
TEXTS = CODE + (".py", ".sh", ".md", ".cmake", ".txt", ".proto", ".yaml", ".yml", "dev", ".ci/run")


def _parts(name):
    """snake_case, kebab-case and PascalCase taken apart."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def names_of_files(tree):
    complaints = []
    for path in tree.paths():
        for part in pathlib.PurePosixPath(path).parts:
            empty = EMPTY_NAMES.intersection(_parts(part))
            if empty:
                complaints.append(f"{path}: the word '{empty.pop()}' says nothing about what is inside")
                break
    return complaints


_TYPE = re.compile(r"\b(?:class|struct|union|enum(?:\s+class)?|concept|namespace|using)\s+(?:\[\[\w+\]\]\s*)?([A-Za-z_]\w*)")


def names_of_types(tree):
    complaints = []
    for path in tree.code():
        for number, line in enumerate(without_comments(tree.texts[path]).splitlines(), 1):
            for name in _TYPE.findall(line):
                empty = EMPTY_NAMES.intersection(_parts(name))
                if empty and name != "namespace":
                    complaints.append(f"{path}:{number}: the name {name} says nothing ('{empty.pop()}')")
    return complaints


def text(tree):
    complaints = []
    for path in tree.paths(*TEXTS):
        if path.startswith(SELF) or "/corpus/" in path or path.startswith("LICENSES/"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            for rule, why in TEXT_RULES:
                if rule.search(line) and not (path.endswith(".md") and "blanks" in why):
                    complaints.append(f"{path}:{number}: {why}: {line.strip()[:60]}")
    return complaints


CHECKS = {
    "files_have_names": (
        names_of_files,
        [({"a/net_util.h": ""}, "'util'"), ({"common/x.h": ""}, "'common'"), ({"a/PodManager.cpp": ""}, "'manager'")],
        {"a/utility_pole.h": "", "a/simple.h": "", "a/community.md": ""},
    ),
    "types_have_names": (
        names_of_types,
        [
            ({"a/x.h": "class PodManager {};"}, "PodManager"),
            ({"a/x.h": "\nstruct request_handler;"}, "a/x.h:2"),
            ({"a/x.cpp": "enum class ImplKind {};"}, "ImplKind"),
            ({"a/x.cpp": "namespace util {}"}, "util"),
        ],
        {"a/x.h": "// class Manager\nclass Managed {};\nstruct Simple;"},
    ),
    "text_is_clean": (
        text,
        [
            ({"a/x.h": "// TODO: later"}, "x.h:1: a note"),
            ({"a/x.sh": "cd /home/x"}, "a path of one machine"),
            ({"a/x.cpp": "<<<<<<< HEAD"}, "a merge conflict"),
            ({"a/x.cpp": "// ---------- parsing"}, "a separator"),
            ({"a/x.cpp": "int x; "}, "blanks at the end"),
            ({"a/x.md": "made in a session of work"}, "how it was made"),
        ],
        {"a/x.h": "// the framework/ folder\nint todo = 1;\n", "a/x.md": "two blanks  \n# Title\n", "a/b.sh": "$X/home/y\n"},
    ),
}
