# SPDX-License-Identifier: Apache-2.0
"""Fairlead on stock Debian 13 machines, from its packages.

Builds the packages and a disk (`./dev machine`), boots two machines, types
docs/packages.md into them, and tries between its last two chapters what
trials.py has. In the end nothing of Fairlead may be left on either.

usage: vm_test.py SOURCE BUILD [--write] [--show]
  --write  puts date and figures into docs/stock-machine.md
  --show   prints what the machines say
"""

import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.sax.saxutils as xml

SOURCE, BUILD = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
sys.path.insert(0, str(SOURCE / "tests/netns/install"))

import document  # noqa: E402
from machine import Failed, Lab  # noqa: E402
from traces import traces  # noqa: E402
from trials import TRIALS, answered, check  # noqa: E402

HOSTS = ["host1", "host2"]
PAGE = "docs/packages.md"
LAST = "Removing"  # the trials come before this chapter
# An emulated machine may be busy for longer than the 6 s after which control calls a node silent.
PATIENCE = "echo 'silent-after = 60s' >>/etc/fairlead/control.conf"


class Report:
    """One case of the test each: its name, how long it took, what there is to say."""

    def __init__(self):
        self.cases = []

    def run(self, name, work, *args):
        begun = time.monotonic()
        try:
            said, outcome = work(*args), "passed"
        except (Failed, document.Wrong) as failed:
            said, outcome = str(failed), "failed"
        self.cases.append((name, outcome, time.monotonic() - begun, said or ""))
        print(f"{outcome:7} {name:16} {self.cases[-1][2]:6.1f} s  {said or ''}", flush=True)
        return outcome == "passed"

    def write_xml(self, path):
        path.parent.mkdir(exist_ok=True)
        tags = {"failed": "failure", "skipped": "skipped"}
        with path.open("w") as out:
            out.write("<testsuites><testsuite name='vm'>")
            for name, outcome, _, said in self.cases:
                inner = f"<{tags[outcome]}>{xml.escape(said)}</{tags[outcome]}>" if outcome in tags else ""
                out.write(f"<testcase classname='StockMachine' name='{name}'>{inner}</testcase>")
            out.write("</testsuite></testsuites>")


def missing():
    """Why this machine cannot run the test, or nothing."""
    if os.geteuid() != 0:
        return "needs root"
    lacks = [program for program in ("qemu-system-x86_64", "debootstrap", "mke2fs") if not shutil.which(program)]
    return f"{', '.join(lacks)} missing: sudo ./dev doctor --install --long" if lacks else ""


def make_machine():
    done = subprocess.run([SOURCE / "dev", "machine"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check("packages and disk could not be made", done.returncode == 0, done.stdout)
    names = sorted(re.findall(r"^build/packages/(\S+)\.deb", done.stdout, re.M))
    preset = re.search(r"with preset (\w+)", done.stdout)[1]
    return f"{', '.join(names)}, built with preset {preset}"


def boot(lab):
    seconds = lab.boot([SOURCE / "build/packages", BUILD / "images", SOURCE / "deploy/examples", SOURCE / "tests/vm/limits.yaml"])
    for number, machine in enumerate(lab.machines.values(), 11):
        machine.run(f"mount -o ro /dev/vdb /mnt\nip link set eth0 up\nip address add 192.0.2.{number}/24 dev eth0")
    versions = lab.machines["host1"].run(
        ". /etc/os-release; echo $PRETTY_NAME, kernel $(uname -r), systemd $(systemctl --version | sed -n 's/^systemd \\([0-9]*\\).*/\\1/p'),"
        " $(stat -fc %T /sys/fs/cgroup)")
    return f"{versions.strip()}; up after {seconds:.0f} s"


def chapters(text):
    """The blocks of the page by chapter, in order."""
    starts = {number: line[3:] for number, line in enumerate(text.splitlines(), 1) if line.startswith("## ")}
    blocks, _ = document.read(text, HOSTS)
    found = {title: [] for title in starts.values()}
    for block in blocks:
        found[starts[max(number for number in starts if number < block.line)]].append(block)
    return {title: blocks for title, blocks in found.items() if blocks}


def walk(lab, blocks):
    """Types the blocks; says what the last one printed."""
    for block in blocks:
        for host in block.hosts:
            try:
                said = lab.machines[host].run(block.commands, 1200)
            except Failed as failed:
                raise Failed(f"{PAGE}:{block.line}: {block.commands}{failed}") from None
            if "--show" in sys.argv:
                print(f"--- {host}\n{block.commands}{'-' * 20}\n{said}", flush=True)
            shown, real = document.blurred(block.prints), document.blurred(said)
            check(f"{PAGE}:{block.line}: the block prints something else than is shown", not block.prints or shown == real, said)
            if "loadgen" in block.commands:
                return answered(said, 300)
    return ""


def nothing_is_left(lab, before):
    for name, machine in lab.machines.items():
        for what, lines in traces(machine).items():
            check(f"after purging, {name} still has {what}", not lines - before[name][what], "\n".join(sorted(lines - before[name][what])))
        said = machine.run("dpkg-query -W 'fairlead*' 2>/dev/null || true; getent passwd fairlead || true\n"
                           "find / -xdev -iname '*fairlead*' -not -path \"$HOME/*\" -not -path '/mnt/*' || true")
        check(f"after purging, {name} still has", not said.strip(), said)
    return "no process, mount, pin, cgroup, link, table, route, file or user"


def logs(lab):
    for name, machine in lab.machines.items():
        try:
            print(f"--- {name}\n" + machine.run("journalctl --no-pager -n 40 -u 'fairlead-*'", 60))
        except (Failed, OSError):
            print(f"--- {name} does not answer; its console:\n{machine.last_words()}")


def steps(report, lab):
    """Runs everything in order; what builds on a failed step is not tried."""
    if not report.run("packages", make_machine) or not report.run("boot", boot, lab):
        return
    before = {name: traces(machine) for name, machine in lab.machines.items()}
    pages = chapters((SOURCE / PAGE).read_text())
    last = pages.pop(LAST)
    for title, blocks in pages.items():
        if not report.run(title.lower().replace(" ", "_"), walk, lab, blocks):
            return
        if title == "Install":
            lab.machines["host1"].run(PATIENCE)
    lab.machines["host1"].run("fairlead apply -f /mnt/limits.yaml")
    for name, trial in TRIALS.items():
        report.run(name, trial, lab)
    if report.run("removing", walk, lab, last):
        report.run("nothing_is_left", nothing_is_left, lab, before)


def write_page(report):
    rows = [f"| {name} | {seconds:.0f} s | {said} |" for name, _, seconds, said in report.cases]
    (SOURCE / "docs/stock-machine.md").write_text(f"""# The stock machine's last run

Written by `sudo python3 tests/vm/vm_test.py . build/dev --write` on {datetime.date.today():%d %B %Y}; `sudo ./dev test --long vm` runs
the same. Two Debian 13 machines as debootstrap leaves them, under QEMU's software emulation, install Fairlead from its packages as
[packages.md](packages.md) says, and run the main job between them. The times are those of emulated processors on a shared machine:
they say what was done, not how fast Fairlead is.

| Step | Took | Result |
|---|---|---|
""" + "\n".join(rows) + "\n")


def main():
    report, why = Report(), missing()
    if why:
        report.cases.append(("two_machines", "skipped", 0, why))
        print(f"skipped: {why}")
    else:
        with Lab(BUILD, HOSTS) as lab:
            steps(report, lab)
            if any(outcome == "failed" for _, outcome, _, _ in report.cases):
                logs(lab)
    report.write_xml(BUILD / "test-results/vm.xml")
    good = all(outcome == "passed" for _, outcome, _, _ in report.cases)
    if good and "--write" in sys.argv:
        write_page(report)
    return 0 if good or why else 1


sys.exit(main())
