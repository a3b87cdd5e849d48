# SPDX-License-Identifier: Apache-2.0
"""Licences: each source file begins with its SPDX line, and the right one."""

from tree import CODE

MARKED = CODE + (".py", ".sh", ".cmake", "CMakeLists.txt", ".proto", "dev", ".ci/run", ".nft", ".service")
DUAL_FOLDERS = ("dataplane/fwd/", "ebpf/programs/")
APACHE = "Apache-2.0"
DUAL = "GPL-2.0-or-later OR Apache-2.0"


def spdx(tree):
    complaints = []
    for path in tree.paths(*MARKED):
        if path.split("/")[-1] == "CMakeLists.txt" or path.endswith(MARKED):
            complaints += _complain(path, tree.lines(path))
    return complaints


def _complain(path, lines):
    first = lines[1] if lines and lines[0].startswith("#!") and len(lines) > 1 else (lines[0] if lines else "")
    wanted = DUAL if (path.startswith(DUAL_FOLDERS) and path.endswith(CODE)) or path.endswith(".bpf.c") else APACHE
    _, found, licence = first.partition("SPDX-License-Identifier: ")
    licence = licence.removesuffix("*/").strip()
    if not found:
        return [f"{path}: begins without SPDX-License-Identifier: {wanted}"]
    if licence != wanted:
        return [f"{path}: licence '{licence}', here it is '{wanted}'"]
    return []


_A = "// SPDX-License-Identifier: Apache-2.0\n"
_G = "// SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0\n"
CHECKS = {
    "sources_name_their_licence": (
        spdx,
        [
            ({"a/x.h": "int x;\n"}, "a/x.h: begins without"),
            ({"a/x.h": ""}, "a/x.h: begins without"),
            ({"a/x.h": _G}, "here it is 'Apache-2.0'"),
            ({"ebpf/programs/pod.bpf.c": _A}, "here it is 'GPL"),
            ({"dev": "#!/bin/sh\necho\n"}, "dev: begins without"),
        ],
        {"a/x.h": _A, "dataplane/fwd/x.h": _G, "dev": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n"},
    ),
}
