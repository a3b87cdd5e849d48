# SPDX-License-Identifier: Apache-2.0
"""Heavy libraries stay at the edges: not in headers, and Beast in few files."""

import re

from tree import CODE

MAX_BEAST = 5
HEAVY = [
    (re.compile(r'#\s*include\s+[<"](boost/beast[^>"]*)'), "Beast"),
    (re.compile(r'#\s*include\s+[<"](google/protobuf[^>"]*|[^>"]*\.pb\.h)'), "protobuf"),
    (re.compile(r'#\s*include\s+[<"](rte_[^>"]*)'), "DPDK"),
]


def headers(tree):
    complaints = []
    for path in tree.paths(".h"):
        for number, line in enumerate(tree.lines(path), 1):
            for rule, name in HEAVY:
                if rule.search(line):
                    complaints.append(f"{path}:{number}: a header includes {name}; keep it in a .cpp")
    return complaints


def beast(tree):
    users = [p for p in tree.paths(*CODE) if HEAVY[0][0].search(tree.texts[p])]
    if len(users) <= MAX_BEAST:
        return []
    return [f"{len(users)} files include Beast (20 s each), at most {MAX_BEAST}: {', '.join(users)}"]


def guards(tree):
    return [f"{path}: a header without #pragma once" for path in tree.paths(".h")
            if "#pragma once" not in tree.texts[path] and not path.endswith(".inc.h")
            and "#ifndef" not in tree.texts[path]]


_BEAST = "#include <boost/beast/http.hpp>\n"
CHECKS = {
    "headers_are_light": (
        headers,
        [
            ({"a/x.h": "\n" + _BEAST}, "a/x.h:2: a header includes Beast"),
            ({"a/x.h": '#include "control/proto/api.pb.h"\n'}, "protobuf"),
            ({"a/x.h": "# include <rte_mbuf.h>\n"}, "DPDK"),
        ],
        {"a/x.h": "#include <boost/asio/awaitable.hpp>\n", "a/x.cpp": _BEAST},
    ),
    "beast_is_in_few_files": (
        beast,
        [({f"a/x{n}.cpp": _BEAST for n in range(6)}, "6 files include Beast")],
        {f"a/x{n}.cpp": _BEAST for n in range(5)},
    ),
    "headers_are_read_once": (guards, [({"a/x.h": "int x;\n"}, "without #pragma once")], {"a/x.h": "#pragma once\n"}),
}
