# SPDX-License-Identifier: Apache-2.0
"""Layers: what a target links is in the allow-list (layers.txt), and what a file
includes belongs to its own target or to what that links, directly or below."""

import posixpath
import re

from tree import folder

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
ALLOW_LIST = "tests/tidy/layers.txt"


def allowed(tree):
    found = {}
    for line in tree.texts.get(ALLOW_LIST, "").splitlines():
        target, colon, words = line.split("#", 1)[0].partition(":")
        if colon:
            found[target.strip()] = words.split()
    return found


def links(tree):
    """Declared dependencies against the allow-list."""
    allow, complaints = allowed(tree), []
    for target, deps in tree.record("layers.txt").items():
        if target not in allow:
            complaints.append(f"{target}: unknown target: give it a line in {ALLOW_LIST}")
            continue
        for dep in deps:
            if dep not in allow[target]:
                complaints.append(f"{target}: may not use {dep} (see {ALLOW_LIST} and DESIGN: includes point down only)")
    return complaints + _cycles(allow)


def _cycles(allow):
    state, complaints = {}, []

    def visit(target):
        state[target] = "open"
        for dep in allow.get(target, []):
            if state.get(dep) == "open":
                complaints.append(f"{target}: {ALLOW_LIST} has a cycle through {dep}")
            elif dep not in state:
                visit(dep)
        state[target] = "done"

    for target in allow:
        if target not in state:
            visit(target)
    return complaints


def _below(target, deps):
    """The target and all that it links, directly or below."""
    seen, queue = set(), [target]
    while queue:
        at = queue.pop()
        if at not in seen:
            seen.add(at)
            queue += deps.get(at, [])
    return seen


def owners(tree):
    """path of a source -> its target, and folder -> targets that live there."""
    by_path, by_folder = {}, {}
    for target, words in tree.record("sources.txt").items():
        home, sources = words[0] if words else "", words[1:]
        if not sources:
            by_folder.setdefault(home, set()).add(target)
        for source in sources:
            path = posixpath.normpath(posixpath.join(home, source))
            by_path[path] = target
            by_folder.setdefault(folder(path), set()).add(target)
    return by_path, by_folder


def _owners_of(path, by_path, by_folder):
    """A header belongs to the target that compiles its .cpp, else to those of its folder."""
    if path in by_path:
        return {by_path[path]}
    source = re.sub(r"\.h$", ".cpp", path)
    if source in by_path:
        return {by_path[source]}
    return by_folder.get(folder(path), set())


def includes(tree):
    by_path, by_folder = owners(tree)
    deps, complaints = tree.record("layers.txt"), []
    for path in tree.code():
        users = _owners_of(path, by_path, by_folder)
        if path.startswith(("tests/", "bench/")) or not users:
            continue
        reach = set().union(*(_below(user, deps) for user in users))
        for match in _INCLUDE.finditer(tree.texts[path]):
            name = match.group(1)
            if name not in tree.texts:
                continue
            used = _owners_of(name, by_path, by_folder)
            if used and not used & reach:
                line = tree.texts[path].count("\n", 0, match.start()) + 1
                complaints.append(f"{path}:{line}: includes {name} of {'/'.join(sorted(used))}, which "
                                  f"{'/'.join(sorted(users))} does not link")
    return complaints


def homeless(tree):
    """Every source of the product is compiled by some target."""
    by_path, _ = owners(tree)
    rooms = ("base/", "dataplane/", "ebpf/loader", "control/", "ipam/", "orchestrator/")
    return [f"{path}: no target compiles it" for path in tree.paths(".cpp")
            if path.startswith(rooms) and path not in by_path]


_BUILD = {"layers.txt": "base:\nroom: base\ntop: room\n", "sources.txt": "base: base a.cpp\nroom: room r.cpp\ntop: top t.cpp\n"}
_LIST = {ALLOW_LIST: "base:\nroom: base\ntop: room base\n"}
CHECKS = {
    "targets_link_downwards": (
        links,
        [
            (_LIST, "base: may not use room", _BUILD | {"layers.txt": "base: room\n"}),
            (_LIST, "stranger: unknown target", _BUILD | {"layers.txt": "stranger: base\n"}),
            ({ALLOW_LIST: "base: top\nroom: base\ntop: room\n"}, "has a cycle", _BUILD),
        ],
        _LIST,
        _BUILD,
    ),
    "files_include_what_they_link": (
        includes,
        [
            ({"base/a.cpp": '\n#include "room/r.h"\n', "room/r.h": ""}, "base/a.cpp:2: includes room/r.h", _BUILD),
            ({"room/x.h": '#include "top/t.h"\n', "top/t.h": ""}, "which room does not link", _BUILD),
        ],
        {"top/t.cpp": '#include "base/a.h"\n#include "top/t.h"\n#include <vector>\n', "base/a.h": "", "top/t.h": ""},
        _BUILD,
    ),
    "sources_have_a_target": (
        homeless,
        [({"base/lost.cpp": ""}, "base/lost.cpp: no target", _BUILD)],
        {"base/a.cpp": ""},
        _BUILD,
    ),
}
