# SPDX-License-Identifier: Apache-2.0
"""Runs docs/install.md as it is written, and looks whether it keeps its word.

Every line of every block of commands is typed, in order, into the shell of the
host it is for. Nothing is replaced but what cannot be done on this machine: see
stand_ins.sh (apt-get only checks, scp without sshd, ./dev build is done). What
a block is said to print is compared with what it printed. All hosts have the
firewall that the document shows, and drop by default. In the end nothing of
Fairlead may be left on any host.

usage: install_test.py SOURCE BUILD [--show]      --show prints the whole session
"""

import pathlib
import re
import sys

import document
from hosts import Failed, Lab
from traces import traces

BPFFS = " - bpf bpf rw"  # mounted by the document where it is not, as systemd would; it stays


def check(what, found, said):
    if not found:
        raise Failed(f"{what}; it said:\n{said}")


def keeps_promises(commands, said):
    """What the document tells the operator to look for, said once more in numbers."""
    if "fairlead get nodes\n" in commands:
        ready = re.findall(r"^(host\d) +192\.0\.2\.\d+ +ready ", said, re.M)
        check("not the ready nodes there should be", ready == document.HOSTS[: 2 if "delete node" in commands else 3], said)
        yield "nodes"
    if "nslookup" in commands:
        check("the name has no IPv4 and IPv6 address", re.search(r"Address: 10\.96\.", said) and
              re.search(r"Address: fd00:96:", said), said)
        yield "name"
    if "loadgen" in commands:
        check("not all requests were answered", "300 answered, 0 failed" in said, said)
        check("not all hosts answered", all(re.search(rf"^web-\w+ +{host} +\d", said, re.M)
                                            for host in document.HOSTS), said)
        yield "requests"
    if "ping" in commands:
        check("the router was not reached", "1 packets received" in said, said)
        yield "outside"


def prints_as_shown(block, said):
    shown, real = document.blurred(block.prints), document.blurred(said)
    if block.prints and shown != real:
        raise Failed(f"docs/install.md:{block.line}: the block prints something else than is shown\n"
                     f"shown:\n{block.prints}\nprinted:\n{said}")


def walk(lab, blocks, show):
    kept = set()
    for block in blocks:
        for host in block.hosts:
            lab.deliver(host)
            try:
                said = lab.hosts[host].run(block.commands)
                kept.update(keeps_promises(block.commands, said))
            except Failed as failed:
                raise Failed(f"docs/install.md:{block.line}: {block.commands}{failed}") from None
            if show:
                print(f"--- line {block.line}, {host}\n{block.commands}{'-' * 20}\n{said}", flush=True)
            prints_as_shown(block, said)
    check(f"of nodes, name, requests and outside only {sorted(kept)} were looked at", len(kept) == 4, "")


def nothing_is_left(lab, before):
    for name, host in lab.hosts.items():
        for what, lines in traces(host).items():
            left = {line for line in lines - before[name][what] if not line.endswith(BPFFS)}
            check(f"after uninstalling, {name} still has {what}", not left, "\n".join(sorted(left)))


def logs(lab):
    for name, host in lab.hosts.items():
        try:
            yield f"--- {name}\n" + host.run("tail -n 15 /var/log/fairlead/*.log || true\n", 10)
        except (Failed, ValueError):
            yield f"--- {name} has ended, see above"


def main():
    source, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    with Lab(source, build, document.HOSTS) as lab:
        try:
            blocks, firewall = document.read((source / "docs/install.md").read_text())
            for host in lab.hosts.values():
                host.run(f"nft -f - <<'RULES'\n{firewall}RULES\n")
            before = {name: traces(host) for name, host in lab.hosts.items()}
            walk(lab, blocks, "--show" in sys.argv)
            nothing_is_left(lab, before)
        except (Failed, document.Wrong) as failed:
            print(failed, *logs(lab), sep="\n")
            return 1
    print(f"{len(blocks)} blocks of docs/install.md did what it says; nothing is left")
    return 0


sys.exit(main())
