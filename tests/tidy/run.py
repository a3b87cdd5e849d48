# SPDX-License-Identifier: Apache-2.0
"""Runs every check of this folder on the checkout, and each check on planted
violations (a check that cannot fail proves nothing). One result file in
JUnit's form, a case per check and per self-test.

usage: run.py ROOT BUILD
"""

import pathlib
import sys
import time
import xml.etree.ElementTree as xml

import benchmarks
import decisions
import drops
import events
import fields
import includes
import layers
import licence
import programs
import purity
import semantics
import size
import words
from tree import Tree, load

MODULES = (size, words, licence, layers, includes, purity, semantics, drops, events, fields, benchmarks, programs,
           decisions)


def self_test(check, planted, clean, build):
    """Complaints about the check itself."""
    wrong = []
    for files, expected, *own_build in planted:
        said = check(Tree(files, *own_build))
        if not any(expected in line for line in said):
            wrong.append(f"a planted violation was not caught: wanted '{expected}', said {said}")
    if clean is not None and (said := check(Tree(clean, build))):
        wrong.append(f"a clean tree was refused: {said}")
    return wrong


def cases(tree):
    for module in MODULES:
        for name, (check, planted, clean, *build) in module.CHECKS.items():
            yield f"tidy.{name}", lambda c=check: c(tree)
            if planted:
                build = build[0] if build else None
                yield f"tidy_catches.{name}", lambda c=check, p=planted, g=clean, b=build: self_test(c, p, g, b)


def main():
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tree, suite, failed = load(root, build), xml.Element("testsuite", name="tidy"), 0
    for name, run in cases(tree):
        began = time.monotonic()
        complaints = run()
        group, _, short = name.partition(".")
        case = xml.SubElement(suite, "testcase", classname=group, name=short, time=f"{time.monotonic() - began:.3f}")
        if complaints:
            failed += 1
            print(f"FAILED {name}", *complaints, sep="\n  ")
            xml.SubElement(case, "failure", message=complaints[0]).text = "\n".join(complaints)
    (build / "test-results").mkdir(exist_ok=True)
    xml.ElementTree(suite).write(build / "test-results" / "tidy.xml", encoding="utf-8", xml_declaration=True)
    return 1 if failed else 0


sys.exit(main())
