# SPDX-License-Identifier: Apache-2.0
"""Sizes: a file at most 500 lines, a function at most 70, a room at most 12 files."""

import ast
import bisect
import collections
import re

from tree import CODE, folder, without_comments

MAX_FILE = 500
MAX_FUNCTION = 70
MAX_ROOM = 12
SIZED = CODE + (".py", ".sh", ".proto", ".cmake", "CMakeLists.txt")


def files(tree):
    return [
        f"{path}: {count} lines, at most {MAX_FILE}"
        for path in tree.paths(*SIZED)
        if (count := len(tree.lines(path))) > MAX_FILE
    ]


def rooms(tree):
    """Folders of the product; a folder of tests may hold as many as its room has questions."""
    count = collections.Counter(folder(p) for p in tree.code() if not p.startswith(("tests/", "bench/")))
    return [f"{room}: {n} source files, at most {MAX_ROOM}: it has become two nouns"
            for room, n in sorted(count.items()) if n > MAX_ROOM]


_NOISE = re.compile(r"template\s*<[^{}]*?>\s*(?=\w)|\b(public|private|protected)\s*:|alignas\([^()]*\)|\[\[.*?\]\]")
_SCOPE = re.compile(r'\s*(?:inline|export|typedef|static|constexpr|const|\s)*\b(?:namespace|class|struct|union|enum)\b[^(]*\Z')
_LINKAGE = re.compile(r"\s*extern\s+\Z")


def _opens(head, scopes):
    """What a `{` opens, from the text before it: scope, function, or something inside."""
    head = _NOISE.sub(" ", head)
    if any(kind == "function" for kind, _, _ in scopes):
        return "inner"
    if _SCOPE.match(head) or _LINKAGE.match(head):
        return "scope"
    # clang-format sets a blank before a body and none before an initialiser.
    if ")" in head and head[-1:].isspace() and not head.rstrip().endswith("="):
        return "function"
    return "inner"


def cpp_functions(text):
    """(first line, last line) of each outermost function body with its head."""
    text = re.sub(r"^[ \t]*#(?:\\\n|.)*$", lambda m: re.sub(r"[^\n]", " ", m.group(0)), without_comments(text),
                  flags=re.MULTILINE)
    scopes, head_at, found = [], 0, []
    starts = [0] + [m.end() for m in re.finditer("\n", text)]
    for at, letter in enumerate(text):
        if letter == "{":
            head = re.sub(r"\A\s*(?:(?:public|private|protected)\s*:\s*)*", "", text[head_at:at])
            scopes.append((_opens(head, scopes), bisect.bisect_right(starts, at - len(head)), head_at))
            head_at = at + 1
        elif letter == "}" and scopes:
            kind, first, before = scopes.pop()
            if kind == "function":
                found.append((first, bisect.bisect_right(starts, at)))
            # A braced initialiser is part of the head that goes on: C::C() : a_{1} {
            head_at = before if kind == "inner" else at + 1
        elif letter == ";" and text.count("(", head_at, at) == text.count(")", head_at, at):
            head_at = at + 1
    return found


def python_functions(text):
    return [(node.lineno, node.end_lineno) for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def shell_functions(text):
    found, first = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(r"[\w-]+\(\) *[{(]\s*$", line):
            first = number
        elif first and line in ("}", ")"):
            found.append((first, number))
            first = None
    return found


def functions(tree):
    readers = {".py": python_functions, ".sh": shell_functions} | {suffix: cpp_functions for suffix in CODE}
    complaints = []
    for suffix, read in readers.items():
        for path in tree.paths(suffix):
            for first, last in read(tree.texts[path]):
                if last - first + 1 > MAX_FUNCTION:
                    complaints.append(f"{path}:{first}: a function of {last - first + 1} lines, at most {MAX_FUNCTION}")
    return complaints


_LONG = "\n".join(f"  x += {n};" for n in range(75))
CHECKS = {
    "files_are_short": (files, [({"a/b.cpp": "int x;\n" * 501}, "501 lines")], {"a/b.cpp": "int x;\n" * 500}),
    "rooms_are_small": (
        rooms,
        [({f"a/f{n}.h": "" for n in range(13)}, "a: 13 source files")],
        {f"a/f{n}.h": "" for n in range(12)},
    ),
    "functions_are_short": (
        functions,
        [
            ({"a/b.cpp": f"namespace x {{\nint f(int x) {{\n{_LONG}\n  return x;\n}}\n}}\n"}, "a/b.cpp:2: a function of 78"),
            ({"a/b.h": f"class C {{\n public:\n  int f(int x) const {{\n{_LONG}\n    return x;\n  }}\n}};\n"}, "b.h:3"),
            ({"a/b.cpp": f"auto f(struct S s) -> int\n{{\n{_LONG}\n}}\n"}, "a function of 78"),
            ({"a/b.cpp": f"C::C(int x) : a_(x), b_{{x}} {{\n{_LONG}\n}}\n"}, "a function of 77"),
            ({"a/b.py": "def f(x):\n" + _LONG.replace(";", "") + "\n"}, "a function of 76"),
            ({"a/b.sh": f"f() {{\n{_LONG}\n}}\n"}, "a function of 77"),
        ],
        {"a/b.cpp": f"namespace x {{\nconst char* k = R\"({{)\";\nint f() {{\n  return '{{';\n}}\nstruct S {{\n{_LONG}\n}};\n}}\n"},
    ),
}
