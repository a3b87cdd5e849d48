# SPDX-License-Identifier: Apache-2.0
"""Purity: the archives of pure rooms need no clock, socket, file, randomness or thread.

llvm-nm lists the symbols that an archive takes from outside; purity.txt says
which are refused and why, and the few exceptions by archive."""

import pathlib
import re
import shutil
import subprocess

RULES = "tests/tidy/purity.txt"


def rules(text):
    """(what, regex, why) refusals, and (archive, regex) exceptions."""
    refused, excepted = [], []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and words[0] == "refuse":
            refused.append((words[1], re.compile(words[2] + r"\Z")))
        elif words and words[0] == "except":
            excepted.append((words[1], re.compile(words[2] + r"\Z")))
    return refused, excepted


def verdicts(archive, symbols, text):
    refused, excepted = rules(text)
    complaints = []
    for symbol in sorted(set(symbols)):
        plain = symbol.split("@")[0]
        if any(archive == name and rule.match(plain) for name, rule in excepted):
            continue
        for what, rule in refused:
            if rule.match(plain):
                complaints.append(f"{archive}: uses {plain} ({what}); a pure room takes it as an argument")
                break
    return complaints


def undefined(archive):
    nm = shutil.which("llvm-nm-19") or shutil.which("nm")
    out = subprocess.run([nm, "-u", "-j", "-q" if "llvm" not in nm else "--quiet", archive],
                         capture_output=True, text=True, check=False)
    if out.returncode != 0:
        return None
    return [line.strip() for line in out.stdout.splitlines() if line.strip() and not line.endswith(":")]


def archives(tree):
    complaints = []
    listed = [line for line in tree.build.get("pure.txt", "").splitlines() if line]
    if not listed:
        return ["no pure room is recorded by CMake; mark them PURE in fl_room"]
    for archive in listed:
        symbols = undefined(archive)
        name = pathlib.PurePosixPath(archive).name.removeprefix("lib").removesuffix(".a")
        if symbols is None:
            complaints.append(f"{archive}: not built; run ./dev build")
        else:
            complaints += verdicts(name, symbols, tree.texts.get(RULES, ""))
    return complaints


def _planted(tree):
    """The self-test hands symbols over in place of archives."""
    symbols = tree.build["symbols"].split()
    return verdicts("room", symbols, tree.texts[RULES])


def self_test(tree):
    """Each kind of refused symbol is caught by the real rules."""
    wrong = []
    for symbol in ("clock_gettime", "time", "_ZNSt6chrono3_V212steady_clock3nowEv", "socket", "openat", "fopen64",
                   "getrandom", "_ZNSt13random_device7_M_initERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE",
                   "pthread_create", "getenv", "usleep", "_ZNSt14basic_ofstreamIcSt11char_traitsIcEED1Ev", "rand"):
        if not verdicts("room", [symbol], tree.texts.get(RULES, "")):
            wrong.append(f"{symbol} would pass")
    for symbol in ("memcpy", "_Znwm", "strftime", "timegm", "_ZNSt10filesystem7__cxx114pathC1Ev", "gmtime_r"):
        wrong += [f"refused in vain: {c}" for c in verdicts("room", [symbol], tree.texts.get(RULES, ""))]
    return wrong


CHECKS = {
    "pure_rooms_are_pure": (archives, [], None),
    "purity_rules_catch": (self_test, [], None),
}
