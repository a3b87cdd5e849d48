# SPDX-License-Identifier: Apache-2.0
"""The README shows the session as it really prints.

Compares the block between the session marks of README.md with a transcript.
What differs from run to run (numbers, addresses, pods' suffixes, widths of
columns) is blurred; commands, words, columns and the order of lines are not.

usage: readme.py README TRANSCRIPT [--write]      --write puts the transcript there
"""

import difflib
import pathlib
import re
import sys

BLOCK = re.compile(r"(<!-- session: begin.*?-->\n```console\n)(.*?)(```\n<!-- session: end -->)", re.DOTALL)


def blurred(line):
    if line.startswith("$"):
        return re.sub(r"(delete pod )\S+", r"\1POD", line)
    words = [("#" if re.search(r"\d", word) or re.match(r"(pod/)?(web|client)-\S", word) else word) for word in line.split()]
    return " ".join(words)


def main():
    readme, lines = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text().strip().splitlines()
    # loadgen says how far it is only when it takes long.
    transcript = "".join(line.rstrip() + "\n" for line in lines if not line.startswith("loadgen: "))
    text = readme.read_text()
    found = BLOCK.search(text)
    if not found:
        print(f"{readme} has no session marks")
        return 1
    if "--write" in sys.argv:
        readme.write_text(text[: found.start(2)] + transcript + text[found.end(2):])
        return 0
    shown, real = ([blurred(line) for line in part.splitlines()] for part in (found.group(2), transcript))
    difference = list(difflib.unified_diff(shown, real, "README.md", "as it really prints", lineterm="", n=1))
    print(*difference, sep="\n")
    return 1 if difference else 0


sys.exit(main())
