# SPDX-License-Identifier: Apache-2.0
"""Three hosts as namespaces, each with a shell that stays, on one wire.

     host1        host2        host3         192.0.2.11, .12, .13 on eth0
       `------------+------------'           bridge br0 in a namespace of its own, 192.0.2.1: the router

Everything but the cgroups ends with the hosts' first processes: links, mounts,
pins and processes live in namespaces that nobody else holds.
"""

import os
import pathlib
import select
import shutil
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).parent


class Failed(Exception):
    pass


def cgroup_roots():
    lines = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    roots = [pathlib.Path(words[4]) for words in lines if words[words.index("-") + 1] in ("cgroup", "cgroup2")]
    return [root for root in roots if os.access(root / "cgroup.procs", os.W_OK)]


class Host:
    """A host and its operator's shell."""

    def __init__(self, lab, name):
        self.name, self.lab, self.turns = name, lab, 0
        self.mount = lab.folder / name
        self.mount.mkdir()
        for root in cgroup_roots():
            self._make_cgroup(root)
        unshare = "unshare --net --mount --pid --uts --ipc --fork --kill-child --mount-proc"
        self.shell = subprocess.Popen(
            [*unshare.split(), "bash", HERE / "host.sh", name, self.mount, lab.stand_ins, lab.clone, lab.tag],
            env=os.environ | {"OUTBOX": str(lab.outbox), "FAIRLEAD_SOURCE": str(lab.source)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # A failed command ends the shell and with it the host; its logs are said before.
        self.run("trap 'tail -n 15 /var/log/fairlead/*.log' EXIT\n", 20)

    def _make_cgroup(self, root):
        for folder in (root / self.lab.tag, root / self.lab.tag / self.name):
            folder.mkdir(exist_ok=True)
            if (root / "cgroup.controllers").exists():
                wanted = [f"+{name}" for name in ("cpu", "memory", "pids")
                          if name in (folder.parent / "cgroup.controllers").read_text().split()]
                (folder.parent / "cgroup.subtree_control").write_text(" ".join(wanted))
            for knob in ("cpuset.cpus", "cpuset.mems"):  # a new cpuset of cgroup v1 has none
                if (root / knob).exists() and (root / "tasks").exists():
                    (folder / knob).write_text((root / knob).read_text())

    def run(self, commands, seconds=90):
        """The output of the commands, typed into the shell; the first that fails is an error."""
        self.turns += 1
        script, mark = self.lab.folder / f"{self.name}.{self.turns}.sh", f"--done-{self.turns}--"
        script.write_text("set -eu -o pipefail\n" + commands)
        try:
            self.shell.stdin.write(f". {script} </dev/null; printf '\\n{mark}\\n'\n".encode())
            self.shell.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"the shell of {self.name} has ended") from None
        return self._read_to(f"\n{mark}\n".encode(), time.monotonic() + seconds)

    def _read_to(self, mark, deadline):
        said, pipe = b"", self.shell.stdout.fileno()
        while not said.endswith(mark):
            ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(pipe, 65536) if ready else b""
            said += piece
            if not piece:
                why = "a command failed" if ready else "it takes too long"
                raise Failed(f"{self.name}: {why}; it said:\n{said.decode(errors='replace')}")
        return said[: -len(mark)].decode(errors="replace")

    def end(self):
        self.shell.kill()  # --kill-child takes the first process, and that one all others
        self.shell.wait()


class Lab:
    """The hosts, their wire, and a folder that looks like a built clone."""

    def __init__(self, source, build, hosts):
        self.tag = f"fl-install-{os.getpid()}"
        self.source, self.build = pathlib.Path(source).resolve(), pathlib.Path(build).resolve()
        self.folder = self.build / f"install-test-{os.getpid()}"
        self.stand_ins, self.clone, self.outbox = (self.folder / name for name in ("stand-ins", "clone", "outbox"))
        self.names, self.hosts, self.wire = hosts, {}, None

    def _make_folders(self):
        for folder in (self.stand_ins, self.clone / "build", self.outbox):
            folder.mkdir(parents=True)
        for name in ("apt-get", "scp"):
            (self.stand_ins / name).symlink_to(HERE / "stand_ins.sh")
        for entry in self.source.iterdir():
            if entry.name not in ("dev", "build", ".git"):
                (self.clone / entry.name).symlink_to(entry)
        (self.clone / "dev").symlink_to(HERE / "stand_ins.sh")
        (self.clone / "build" / "dev").symlink_to(self.build)

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: exit(1))
        try:
            self._make_folders()
            self._make_wire()
            for number, name in enumerate(self.names, 11):
                self.hosts[name] = Host(self, name)
                self._plug(name, f"192.0.2.{number}/24")
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def _make_wire(self):
        self.wire = subprocess.Popen(["unshare", "--net", "sh", "-ec", "ip link add br0 type bridge\n"
                                      "ip link set br0 up\nip address add 192.0.2.1/24 dev br0\necho up\nexec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.wire.stdout.readline() != b"up\n":
            raise Failed("no bridge for the underlay")

    def _plug(self, name, address):
        host = self.hosts[name].shell.pid
        subprocess.run(["nsenter", f"--net=/proc/{self.wire.pid}/ns/net", "sh", "-ec",
                        f"ip link add {name} type veth peer name eth0 netns {host}\nip link set {name} master br0 up"],
                       check=True)
        self.hosts[name].run(f"ip link set eth0 up\nip address add {address} dev eth0\nip route add default via 192.0.2.1\n")

    def deliver(self, name):
        """Lays what was sent to a host by scp into its folders."""
        address = f"192.0.2.{11 + self.names.index(name)}"
        folders = self.outbox / f"{address}.folders"
        for folder in folders.read_text().split() if folders.exists() else []:
            if (self.outbox / address / folder[1:]).exists():
                self.hosts[name].run(f"[ -d {folder} ] || {{ echo scp: {name} has no folder {folder}; false; }}\n"
                                     f"cp -a {self.outbox}/{address}{folder}. {folder}\n"
                                     f"rm -r {self.outbox}/{address}{folder}\n")

    def end(self):
        for host in self.hosts.values():
            host.end()
        if self.wire:
            self.wire.kill()
            self.wire.wait()
        for root in cgroup_roots():
            self._remove_cgroups(root / self.tag)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _remove_cgroups(top):
        for _ in range(100):
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
            if not top.exists():
                return
            time.sleep(0.05)
        print(f"left behind: {top}")
