# SPDX-License-Identifier: Apache-2.0
"""What Fairlead would leave on a host, by kind, and how to look for it there."""

TRACES = {
    "a process": "ps -eo args | grep -E '[f]airlead-|[c]onmon|[r]unc|[f]l-serve|[l]oadgen'",
    "a mount": "cut -d' ' -f 4- /proc/self/mountinfo",
    "a pin": "find /sys/fs/bpf -mindepth 1 ! -name '*.debug'",
    "a cgroup": "find /sys/fs/cgroup/ -mindepth 1 -type d -name 'fairlead*'",
    "a link": "ip -o link | grep -Ev ' (lo|eth0)[:@]'",
    "an nftables table": "nft list tables",
    "a route": "ip route show table all | grep -E '10[.](96|244)[.]'",
    "a file": "find /etc /run /var/lib /var/log /usr/local -xdev -ipath '*fairlead*' | grep -v /install-test-",
}


def traces(host):
    """What Fairlead would leave, by kind; and what was there before it came."""
    return {what: set(host.run(f"({finder}) 2>&1 || true\n", 20).splitlines()) - {""}
            for what, finder in TRACES.items()}
