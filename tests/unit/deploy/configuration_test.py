# SPDX-License-Identifier: Apache-2.0
"""The files that the packages lay into /etc/fairlead say what the daemons read.

Each is taken with all of its examples uncommented. A daemon that takes the file
goes on to the wrong name on its command line; one that does not never gets there.

usage: configuration_test.py SOURCE BUILD
"""

import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE, BUILD = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])


def run(daemon, text, *flags):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([BUILD / "bin" / f"fairlead-{daemon}", "--config", file.name, *flags], capture_output=True,
                              text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


def cases():
    for daemon, wrong in (("control", ("--cluster", "No!")), ("agent", ("--name", "No!"))):
        text = (SOURCE / "deploy/packages" / f"{daemon}.conf").read_text()
        examples = re.sub(r"^#(?=[a-z-]+ = )", "", text, flags=re.M)
        yield f"{daemon}.conf as it is", run(daemon, text, *wrong), "No!"
        yield f"{daemon}.conf, its examples uncommented", run(daemon, examples, *wrong), "No!"
        yield f"{daemon}.conf with an unknown option", run(daemon, text + "nonsense = 1\n", *wrong), "nonsense"
    yield "agent.conf that asks for a teardown", run("agent", "teardown = true\n", "--name", "No!"), "not allowed"


def main():
    count, failed = 0, 0
    for name, (code, said), expected in cases():
        count += 1
        if code == 0 or expected not in said:
            failed += 1
            print(f"FAILED {name}: exit {code}, not a word of {expected!r}\n{said}")
    print(f"{count - failed} of {count} cases passed")
    return 1 if failed else 0


sys.exit(main())
