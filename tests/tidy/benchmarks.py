# SPDX-License-Identifier: Apache-2.0
"""docs/benchmarks.md shows the rows and aims that bench/support/rows.h knows.

usage: benchmarks.py ROOT < LINES     writes the sections of the benchmarks whose
                                      --json lines come in; ./dev bench --write does
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

SOURCE, DOCUMENT = "bench/support/rows.h", "docs/benchmarks.md"
HEAD = """# Figures

Written by `./dev bench --write` (one of them: `./dev bench NAME --write`), which builds for release and measures here; every
baseline runs in the same run as what it is set beside, the two by turns. A ratio is the median of the pairs' ratios, with the
interval that holds it with 95 % confidence. A run during which something else took more than a tenth of the machine is measured again; where
that did not help, the row says how many were disturbed, and how many were measured and discarded. Ratios may be compared with
other machines; microseconds may not.
"""
COLUMNS = "| Case | Value | Baseline | Ratio | Aim | Runs |\n|---|---|---|---|---|---|\n"


def known(text):
    """(questions by benchmark, rows) of a text of rows.h."""
    plain = re.sub(r'"\s*\n\s*"', "", text)
    questions = dict(re.findall(r'\{"(\w+)",\s*"([^"]*)"\}', plain))
    fields = ("bench", "name", "unit", "baseline", "aim", "aim_on")
    rows = [dict(zip(fields, found)) for found in re.findall(r"\{" + r",\s*".join([r'"([^"]*)"'] * 6) + r"\}", plain)]
    return questions, rows


def row_of(rows, bench, case):
    """The known row a case belongs to: the longest name that it begins with."""
    fitting = [row for row in rows if row["bench"] == bench and (case + "/").startswith(row["name"] + "/")]
    return max(fitting, key=lambda row: len(row["name"]), default=None)


def sections(text):
    """benchmark -> its section of the document."""
    parts = re.split(r"^## (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def in_step(tree):
    questions, rows = known(tree.texts.get(SOURCE, ""))
    complaints, written = [], sections(tree.texts.get(DOCUMENT, ""))
    remedy = "run  ./dev bench NAME --write"
    for bench, section in written.items():
        shown = set()
        for case, aim in re.findall(r"^\| `([^`]+)` \|(?:[^|]*\|){3} ([^|]*?) \|", section, flags=re.MULTILINE):
            row = row_of(rows, bench, case)
            if row is None:
                complaints.append(f"{DOCUMENT}: {bench} has no row {case} in {SOURCE}: {remedy}")
                continue
            shown.add(row["name"])
            if not aim.startswith(row["aim"] or "-"):
                complaints.append(f"{DOCUMENT}: {bench} {case} shows the aim {aim}, {SOURCE} says {row['aim']}: {remedy}")
        complaints += [f"{DOCUMENT}: {bench} lacks {row['name']}: {remedy}" for row in rows
                       if row["bench"] == bench and row["name"] not in shown and row["aim_on"] != "on request"]
    complaints += [f"{DOCUMENT}: no section {bench}: {remedy}" for bench in questions if bench not in written]
    return complaints


def machine(root):
    """What this was measured on, in one line."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "-C", root, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    # The document itself does not count: it changes with the first benchmark of several.
    changed = subprocess.run(["git", "-C", root, "status", "--porcelain", "--untracked-files=no", "--", ".", f":(exclude){DOCUMENT}"],
                             capture_output=True, text=True, check=False)
    state = commit.stdout.strip() + (" with changes" if changed.stdout.strip() else "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{os.cpu_count()} x {model[1] if model else platform.machine()}, {memory:.0f} GiB, kernel {platform.release()}, commit "
            f"{state}, preset {pathlib.Path(os.environ.get('FL_BUILD_DIR', 'unknown')).name}, {time.strftime('%Y-%m-%d', time.gmtime())}")


def line_of(row):
    def number(key):
        return "-" if key not in row else f"{row[key]:g}" if abs(row[key]) < 1000 else f"{row[key]:.0f}"

    interval = f" [{row['interval'][0]:g}, {row['interval'][1]:g}]" if "interval" in row else ""
    baseline = f"{number('baseline_value')} {row['unit']}, {row['baseline']}" if "baseline" in row else "-"
    aim = f"{row['aim']} {row['aim_on']}, {'met' if row['met'] else 'missed'}" if "aim" in row else "-"
    runs = f"{row['runs']}" + "".join(f", {row[key]} {key}" for key in ("disturbed", "discarded") if row.get(key))
    value, ratio = f"{number('value')} {row['unit']}", number("ratio")
    value, ratio = (value, ratio + interval) if "ratio" in row else (value + interval, ratio)
    return f"| `{row['case']}` | {value} | {baseline} | {ratio} | {aim} | {runs} |\n"


def write(root, lines):
    path = pathlib.Path(root, DOCUMENT)
    questions, _ = known(pathlib.Path(root, SOURCE).read_text())
    written = sections(path.read_text()) if path.exists() else {}
    objects = [json.loads(line) for line in lines if line.strip()]
    for bench in dict.fromkeys(each["bench"] for each in objects):
        mine = [each for each in objects if each["bench"] == bench]
        notes = "".join(f"- {each['note']}\n" for each in mine if "note" in each)
        written[bench] = (f"\n{questions[bench]}\n\n`./dev bench {bench}` on {machine(root)}.\n\n{COLUMNS}"
                          + "".join(line_of(each) for each in mine if "case" in each) + (f"\n{notes}" if notes else "") + "\n")
    ordered = [bench for bench in questions if bench in written]
    path.write_text((HEAD + "".join(f"\n## {bench}\n{written[bench].rstrip()}\n" for bench in ordered)))


_ROWS = '{"a", "why?"},\n{"a", "rtt/x", "us", "bare", "<=2", "ratio"},\n{"a", "p50", "us", "", "", ""},\n'
_DOC = "## a\n\n| `rtt/x/k=1` | 1 us | 1 us, bare | 1 | <=2 ratio, met | 3 |\n| `p50` | 1 us | - | - | - | 3 |\n"
CHECKS = {
    "figures_are_documented": (
        in_step,
        [
            ({SOURCE: _ROWS, DOCUMENT: _DOC.replace("<=2", "<=3")}, "shows the aim <=3"),
            ({SOURCE: _ROWS, DOCUMENT: _DOC.replace("p50", "p51")}, "no row p51"),
            ({SOURCE: _ROWS, DOCUMENT: _DOC.replace("p50", "rtt/x/k=2")}, "a lacks p50"),
            ({SOURCE: _ROWS, DOCUMENT: ""}, "no section a"),
        ],
        {SOURCE: _ROWS, DOCUMENT: _DOC},
    ),
}

if __name__ == "__main__":
    write(sys.argv[1], sys.stdin)
