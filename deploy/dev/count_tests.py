# SPDX-License-Identifier: Apache-2.0
"""Counts test cases, not test programs.

Reads ctest's report (BUILD/ctest.xml) and, for each test that wrote one, its
own cases (BUILD/test-results/NAME.xml, GoogleTest's or JUnit's form). Prints
each failure with its output and each skip with its reason; a skip that the
file of expected skips does not name is a failure, and so is what a test leaves
in its folder for temporary files (BUILD/tmp/NAME). The last line is
`N passed, N failed, N skipped`; exit code 1 when anything failed.
"""

import fnmatch
import pathlib
import sys
import xml.etree.ElementTree as xml

MAX_OUTPUT = 20000


def expected_skips(path):
    """Lines `program:Suite.Case  why it may be skipped`; * and ? match."""
    patterns = []
    for line in path.read_text().splitlines() if path.exists() else []:
        line = line.split("#", 1)[0].strip()
        if line:
            patterns.append(line.split(None, 1)[0])
    return patterns


def cases_of(results, program):
    """(name, outcome, text) for each case that the program reported."""
    path = results / (program + ".xml")
    if not path.exists():
        return None
    try:
        root = xml.parse(path).getroot()
    except xml.ParseError:
        return None
    found = []
    for case in root.iter("testcase"):
        name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
        failure = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if failure is not None:
            texts = [e.text or e.get("message", "") for e in list(case) if e.tag in ("failure", "error")]
            found.append((name, "failed", "\n".join(texts)))
        elif skipped is not None or case.get("status") == "notrun":
            why = "disabled" if skipped is None else (skipped.get("message") or skipped.text or "no reason given")
            found.append((name, "skipped", " ".join(why.split())))
        else:
            found.append((name, "passed", ""))
    return found


def outcome_of(test):
    """ctest's verdict on one program: passed, failed or skipped, and its text."""
    output = test.findtext("system-out") or ""
    status = test.get("status", "")
    if status == "run":
        return "passed", output
    if status in ("notrun", "disabled"):
        skipped = test.find("skipped")
        why = skipped.get("message", "") if skipped is not None else ""
        # A program that could not be started is a failure, not a skip.
        if status == "notrun" and "SKIP_" not in why:
            return "failed", f"did not run: {why}\n{output}"
        return "skipped", " ".join(output.split()) or why
    failure = test.find("failure")
    return "failed", (failure.get("message", "") if failure is not None else "") + "\n" + output


def left_over(build):
    """A failure for each test whose TMPDIR is not empty."""
    left = {}
    for path in sorted((build / "tmp").glob("*/*")):
        left.setdefault(path.parent.name, []).append(path.name)
    return [(program, "failed", f"it left in TMPDIR: {' '.join(names)}") for program, names in left.items()]


def collect(build):
    """Every case as (program:case, outcome, text)."""
    rows = left_over(build)
    for test in xml.parse(build / "ctest.xml").getroot().iter("testcase"):
        program = test.get("name")
        outcome, text = outcome_of(test)
        cases = cases_of(build / "test-results", program)
        if cases is None:
            rows.append((program, outcome, text))
            continue
        rows += [(f"{program}:{name}", what, why) for name, what, why in cases]
        if not cases:
            rows.append((program, "failed", "the program ran no test case"))
        elif outcome == "failed" and not any(what == "failed" for _, what, _ in cases):
            rows.append((program, "failed", "every case passed, but the program failed\n" + text))
    return rows


def main():
    build, skips = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    try:
        rows = collect(build)
    except (OSError, xml.ParseError) as error:
        rows = [("ctest", "failed", f"no report of the run: {error}")]
    patterns = expected_skips(skips)
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for name, outcome, text in rows:
        if outcome == "skipped" and not any(fnmatch.fnmatchcase(name, p) for p in patterns):
            outcome, text = "failed", f"unexpected skip ({text}); tests/expected-skips.txt does not name it"
        count[outcome] += 1
        if outcome == "failed":
            print(f"\nFAILED {name}\n{text.strip()[-MAX_OUTPUT:]}")
        elif outcome == "skipped":
            print(f"skipped {name}: {text.strip()}")
    if not rows:
        print("FAILED: no test ran")
    print(f"\n{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not rows else 0


sys.exit(main())
