# SPDX-License-Identifier: Apache-2.0
"""What scripts and tests execute is on every machine: a package that
deploy/packages.txt names brings it, or one that each Debian has.

Looked at: the first word of each simple command in shell scripts, and the
first word of lists that C++ and Python hand to a new process. A command that
is built at run time, or stands inside a quoted string, is not seen.
"""

import re

PACKAGES = "deploy/packages.txt"
LONG_PACKAGES = "deploy/long-packages.txt"  # what only the long suite runs
# program: its package
BROUGHT = {
    "bpftool": "bpftool", "busybox": "busybox-static", "clang++-19": "clang-19", "clang-19": "clang-19",
    "clang-format-19": "clang-format-19", "clang-tidy-19": "clang-tidy-19", "cmake": "cmake", "conmon": "conmon",
    "ctest": "cmake", "curl": "curl",
    "debootstrap": "debootstrap", "git": "git", "ip": "iproute2", "mke2fs": "e2fsprogs", "mountpoint": "util-linux", "nft": "nftables",
    "haproxy": "haproxy", "knotd": "knot", "nsenter": "util-linux", "ping": "iputils-ping", "python3": "python3",
    "qemu-system-x86_64": "qemu-system-x86", "runc": "runc", "setpriv": "util-linux", "setsid": "util-linux",
    "taskset": "util-linux",
    "unshare": "util-linux",
}
EVERYWHERE = set("""
apt-cache apt-get awk bash basename cat chmod chown comm cp cut date dirname dpkg-deb dpkg-query env find grep head hostname id install kill ln
ls mkdir mkfifo mktemp mount mv nproc od printf readlink rm rmdir sed sh sleep sort stat tail tee timeout touch tr true uname umount uniq wc xargs
""".split())
BUILTIN = set("""
alias bg break builtin case cd command continue declare disown do done echo elif else esac eval exec exit export false fi
for function getopts hash if in let local mapfile printf pwd read readonly return select set shift shopt source test then
time trap type typeset ulimit umask unset until wait while
""".split())

_QUOTED = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*\"""")
_UNSAID = re.compile(r"(?:^|\s)#.*|\(\(.*?\)\)|\bcase .* in [^()]*\)|^\s*[\w|*. -]+\)(?=\s|$)")
_BORDER = re.compile(r"\|\|?|&&|;|[$<]\(|\b(?:if|while|until|then|do|else)\b|^\s*exec\b")
_STARTED = re.compile(r"""(?:\bargv = |\bArgv \w*|\.run\("\w+", |\bsubprocess\.\w+\(|\bPopen\()[\[{]+\s*"([a-z][\w.+-]*)\"""")


def shell_words(text):
    """(line number, first word) of each simple command outside here-documents and quoted lines."""
    end, quote = None, None
    for number, line in enumerate(text.splitlines(), 1):
        if end:
            end = None if line.strip() == end else end
            continue
        if quote:
            quote = None if line.count(quote) % 2 else quote
            continue
        plain = _UNSAID.sub(" ", _QUOTED.sub("Q", line))
        if document := re.search(r"(?<!<)<<-?\s*['\"]?(\w+)", line):
            end = document[1]
        quote = next((mark for mark in "'\"" if mark in plain), None)
        for command in _BORDER.split(plain.split(quote)[0] if quote else plain):
            if found := re.match(r"\s*!?\s*([a-z][\w.+-]*)(?=\s|$)", command):
                yield number, found[1]


def started(tree):
    """(path, line number, program) of all that is looked at."""
    scripts = [path for path in tree.paths() if path.endswith(".sh") or path in ("dev", ".ci/run")]
    ours = {name for path in scripts for name in re.findall(r"^\s*([\w-]+)\(\)", tree.texts[path], re.MULTILINE)}
    for path in scripts:
        for number, word in shell_words(tree.texts[path]):
            if word not in ours and word not in BUILTIN:
                yield path, number, word
    for path in tree.paths(".h", ".cpp", ".py"):
        if path.startswith("tests/tidy/programs"):
            continue
        for match in _STARTED.finditer(tree.texts[path]):
            yield path, tree.texts[path].count("\n", 0, match.start()) + 1, match[1]


def have_packages(tree):
    lists = tree.texts.get(PACKAGES, "") + tree.texts.get(LONG_PACKAGES, "")
    packages = set(re.findall(r"[^\s|]+", re.sub(r"#.*", "", lists)))
    complaints = []
    for path, number, program in started(tree):
        if program.startswith("no-such-"):
            continue
        if program not in EVERYWHERE and BROUGHT.get(program) not in packages:
            complaints.append(f"{path}:{number}: runs {program}: no package of {PACKAGES} is known to bring it; "
                              "add it there, and to tests/tidy/programs.py")
    return complaints


CHECKS = {
    "programs_have_packages": (
        have_packages,
        [
            ({"a.sh": "f() {\n  x=1 || socat - y\n}\n"}, "a.sh:2: runs socat"),
            ({"a.sh": "cat <<E\nno words\nE\nif ! tcpdump -i x; then\n"}, "a.sh:4: runs tcpdump"),
            ({"a.sh": "say \"$(\n\"\nx=$(jq .a)\n"}, "runs jq"),
            ({"a.sh": "runc list\n", PACKAGES: "conmon\n# runc\n"}, "runs runc"),
            ({"a.cpp": 'spec.argv = {"ethtool", "-K"};'}, "a.cpp:1: runs ethtool"),
            ({"a.py": 'subprocess.run(["dig", name])'}, "runs dig"),
        ],
        {
            "a.sh": "f() { :; }\nf x | sort # jq\ncase $1 in\n  up | down) runc exec x jq ;;\nesac\n",
            "a.cpp": 'Argv argv{"ping", "x"};',
            PACKAGES: "runc\niputils-ping | inetutils-ping\n",
        },
    ),
}
