# SPDX-License-Identifier: Apache-2.0
"""The tree as the checks see it: file names and texts, and what CMake recorded.

A check is a function Tree -> list of complaints ("file:line: what is wrong").
Trees are made from the checkout, or from a dictionary by the self-tests.
"""

import pathlib
import re
import subprocess

CODE = (".h", ".c", ".cpp")


class Tree:
    """Files by path relative to the root; `build` holds CMake's records by name."""

    def __init__(self, texts, build=None):
        self.texts = texts
        self.build = build or {}

    def paths(self, *suffixes):
        return sorted(p for p in self.texts if not suffixes or p.endswith(suffixes))

    def code(self):
        return self.paths(*CODE)

    def lines(self, path):
        return self.texts[path].splitlines()

    def record(self, name):
        """`target: word word` lines of a file that CMake wrote."""
        found = {}
        for line in self.build.get(name, "").splitlines():
            target, _, words = line.partition(":")
            if target.strip():
                found[target.strip()] = words.split()
        return found


def listed(root):
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    git = subprocess.run(command, capture_output=True, check=False)
    if git.returncode == 0:
        return [name for name in git.stdout.decode().split("\0") if name]
    return [
        str(p.relative_to(root))
        for p in root.rglob("*")
        if p.is_file() and p.relative_to(root).parts[0] not in ("build", ".git")
    ]


def load(root, build):
    """The checkout at `root`, with what CMake recorded in `build`. Binary files are left out."""
    texts = {}
    for name in listed(root):
        path = root / name
        if not path.is_file() or path.is_symlink():
            continue
        raw = path.read_bytes()
        if b"\0" not in raw and (text := _decoded(raw)) is not None:
            texts[name] = text
    records = {}
    for name in ("layers.txt", "sources.txt", "pure.txt"):
        records[name] = (build / name).read_text() if (build / name).exists() else ""
    records["root"] = str(root)
    return Tree(texts, records)


def _decoded(raw):
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


_BLANKED = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""",
    re.DOTALL,
)


def without_comments(text):
    """C++ text with comments and literals blanked, line numbers kept."""

    def blank(match):
        found = match.group(0)
        # A digit separator (1'000) is no literal.
        if found.startswith("'") and match.start() and text[match.start() - 1].isalnum():
            return found
        return re.sub(r"[^\n]", " ", found)

    return _BLANKED.sub(blank, text)


def folder(path):
    return str(pathlib.PurePosixPath(path).parent)


def stem(path):
    return pathlib.PurePosixPath(path).name.split(".")[0]
