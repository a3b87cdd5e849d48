# SPDX-License-Identifier: Apache-2.0
"""Stock machines under QEMU's own emulation, each with a shell to type into.

     host1                      host2            192.0.2.11, .12 on eth0 (virtio-net)
       `-- a Unix socket between the two QEMUs --'

A machine's disk is never written to: QEMU keeps what changes in a file of its
own that ends with it. A second, small disk (read-only, /mnt) brings what the
operator has at hand. The shell is bash on a virtio port; what it is sent, it
reads line by line, and a mark tells where an answer ends.
"""

import os
import select
import shutil
import socket
import subprocess
import time

CPU = "qemu64,-cx16"  # with cx16, Debian's 6.12 panics under emulation
MEMORY_MIB = 1536
BOOT_SECONDS = 600  # 14 on an idle machine


class Failed(Exception):
    pass


class Machine:
    def __init__(self, lab, name, first):
        self.name, self.folder, self.turns = name, lab.folder, 0
        self.port = self.folder / f"{name}.typing"
        self.console = self.folder / f"{name}.console"
        number = lab.names.index(name) + 1
        wire = "server=on" if first else "server=off"
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-accel", "tcg,thread=multi", "-smp", "2", "-cpu", CPU, "-m", str(MEMORY_MIB),
             "-kernel", lab.vm / "kernel", "-initrd", lab.vm / "initrd",
             "-append", f"root=LABEL=root rw console=ttyS0 quiet panic=-1 net.ifnames=0 systemd.hostname={name}",
             "-serial", f"file:{self.console}",
             "-drive", f"file={lab.vm / 'disk.img'},if=virtio,format=raw,snapshot=on",
             "-drive", f"file={lab.hand},if=virtio,format=raw,readonly=on",
             "-netdev", f"stream,id=wire,{wire},addr.type=unix,addr.path={lab.folder / 'wire'}",
             "-device", f"virtio-net-pci,netdev=wire,mac=52:54:00:00:00:{number:02x}",
             "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
             "-chardev", f"socket,id=typing,path={self.port},server=on,wait=off",
             "-device", "virtserialport,chardev=typing,name=typing"],
            stdin=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(lab.folder)})
        self.shell = None

    def wait_for_shell(self, seconds=BOOT_SECONDS):
        """How many seconds after this call the machine answered."""
        begun, deadline = time.monotonic(), time.monotonic() + seconds
        while not self.port.exists():
            self._still_there(deadline)
            time.sleep(0.05)
        self.shell = socket.socket(socket.AF_UNIX)
        self.shell.connect(str(self.port))
        # What is sent before bash has opened the port is lost: ask again until it answers.
        while "up" not in self._try("echo up\n", 3):
            self._still_there(deadline)
        return time.monotonic() - begun

    def _still_there(self, deadline):
        if self.qemu.poll() is not None or time.monotonic() > deadline:
            raise Failed(f"{self.name} does not come up; its console's last words:\n{self.last_words()}")

    def last_words(self):
        return self.console.read_text(errors="replace")[-3000:] if self.console.exists() else "(none)"

    def _try(self, commands, seconds):
        try:
            return self.run(commands, seconds)
        except Failed:
            return ""

    def run(self, commands, seconds=300):
        """The output of the commands, typed into the shell; the first that fails is an error."""
        self.turns += 1
        mark = f"--done-{self.name}-{self.turns}--"
        # A here-document keeps what is typed from being read as input; the commands run in the shell itself.
        typed = (f"cat >/run/typed <<'END-OF-{mark}'\n{commands}\nEND-OF-{mark}\n"
                 f"set -eu -o pipefail; trap 'echo; echo {mark} failed' EXIT; . /run/typed </dev/null; "
                 f"trap - EXIT; set +eu; echo; echo {mark} fine\n")
        self.shell.sendall(typed.encode())
        said, deadline = "", time.monotonic() + seconds
        while f"\n{mark} " not in said or not said.endswith("\n"):
            ready, _, _ = select.select([self.shell], [], [], max(0, deadline - time.monotonic()))
            piece = self.shell.recv(65536) if ready else b""
            said += piece.decode(errors="replace")
            if not piece:
                raise Failed(f"{self.name}: it takes more than {seconds} seconds; it said:\n{said}")
        answer, _, verdict = said.rpartition(f"\n{mark} ")
        if verdict.strip() != "fine":
            raise Failed(f"{self.name}: a command failed; it said:\n{answer}")
        return answer

    def end(self):
        if self.shell:
            self.shell.close()
        self.qemu.kill()
        self.qemu.wait()


class Lab:
    """Two machines on a wire, and the disk that each is handed."""

    def __init__(self, build, names):
        self.vm = build.parent / "vm"
        self.folder = build / f"vm-test-{os.getpid()}"
        self.names, self.machines = names, {}
        self.hand = self.folder / "hand.img"

    def __enter__(self):
        self.folder.mkdir()
        return self

    def boot(self, files):
        """`files`: paths that will lie in /mnt of each machine. Returns the seconds until the last one answered."""
        brought = self.folder / "hand"
        brought.mkdir()
        for path in files:
            subprocess.run(["cp", "-a", path, brought], check=True)
        subprocess.run(["mke2fs", "-q", "-q", "-t", "ext4", "-d", brought, self.hand, "64M"], check=True)
        for name in self.names:
            self.machines[name] = Machine(self, name, not self.machines)
            while not (self.folder / "wire").exists() and self.machines[name].qemu.poll() is None:
                time.sleep(0.05)
        return max([machine.wait_for_shell() for machine in self.machines.values()])

    def __exit__(self, *_):
        for machine in self.machines.values():
            machine.end()
        shutil.rmtree(self.folder, ignore_errors=True)
