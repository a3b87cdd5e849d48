# SPDX-License-Identifier: Apache-2.0
"""The screen of ./dev demo: starts a client in the network of each `clients`
pod, adds up what they report, kills what a key names, and says at the end how
many requests failed. It kills only; daemons are started again by demo.sh, as a
service manager would, and pods by Fairlead.

usage: show.py BUILD CLUSTER_DIR NODES [--script KEYS --seconds N]
"""

import argparse
import json
import os
import pathlib
import random
import selectors
import signal
import subprocess
import sys
import termios
import time
import tty

KEYS = """  c  kill -9 fairlead-control            p  kill -9 a random pod of nginx or redis
  a  kill -9 a random fairlead-agent     x  kill -9 control and every agent at once
  q  end                                 (daemons are started again after a second)
What counts: a request without its right answer within 5 s has failed. One whose pod was
killed under it is asked again on a new connection and counted as such; before the
first pod is killed there must be none of these either."""
WORKERS, PER_SECOND = 16, 250  # of each client
JOBS = ("nginx", "redis")


class Cluster:
    def __init__(self, build, folder, nodes):
        self.build, self.folder = build, folder
        self.nodes = [f"n{i + 1}" for i in range(nodes)]

    def get(self, what):
        command = [self.build / "bin/fairlead", "--socket", self.folder / "control.sock", "get", what, "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        if done.returncode != 0:
            raise SystemExit(f"demo: fairlead get {what}: {done.stderr.strip()}")
        objects = json.loads(done.stdout)
        return objects["items"] if isinstance(objects, dict) and "items" in objects else objects

    def namespace(self, pod):
        return self.folder / pod["node"] / "run/netns" / pod["uid"]

    def daemon_pid(self, name):
        """Of ours only: a pid alone may belong to someone else by now."""
        try:
            pid = int((self.folder / f"{name}.pid").read_text())
            program = os.readlink(f"/proc/{pid}/exe")
        except (OSError, ValueError):
            return None
        return pid if program.startswith(str(self.build / "bin")) else None

    def pods(self):
        """(job, uid, node, pid) of every running container of the demo's jobs, off the disk: control may be away."""
        found = []
        for node in self.nodes:
            for file in (self.folder / node / "state/pods").glob("*/c/*/pid"):
                if file.parent.name in JOBS:
                    try:
                        pid = int(file.read_text())
                        cgroup = pathlib.Path(f"/proc/{pid}/cgroup").read_text()
                    except (OSError, ValueError):
                        continue
                    uid = file.parts[-4]
                    if uid in cgroup:
                        found.append((file.parent.name, uid, node, pid))
        return found


class Show:
    def __init__(self, cluster, script, seconds):
        self.cluster, self.script, self.seconds = cluster, list(script), seconds
        self.began = time.monotonic()
        self.every = seconds / (len(script) + 1) if script else 0
        self.clients, self.totals = [], []
        self.pressed = 0
        self.again_before_pods = None  # how many were asked again before the first pod was killed
        self.over = False

    def start_clients(self):
        services = {service["name"]: service for service in self.cluster.get("services")}
        vips = [",".join(filter(None, (services[job].get("vip4"), services[job].get("vip6")))) for job in JOBS]
        load = pathlib.Path(__file__).with_name("load.py")
        for pod in self.cluster.get("pods"):
            if pod["job"] != "clients":
                continue
            command = ["nsenter", f"--net={self.cluster.namespace(pod)}", "--", "python3", "-B", load, *vips,
                       str(WORKERS), str(PER_SECOND)]
            self.clients.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                 start_new_session=True))
            self.totals.append({"done": 0, "failed": 0, "again": 0, "why": ""})

    def sum(self, key):
        return sum(total[key] for total in self.totals)

    def status(self):
        rate = self.sum("done") / max(0.001, time.monotonic() - self.began)
        down = [name for name in ["control", *self.cluster.nodes] if self.cluster.daemon_pid(name) is None]
        pods = self.cluster.pods()
        running = " ".join(f"{job} {sum(pod[0] == job for pod in pods)}/3" for job in JOBS)
        return f"{self.verdict()}   {rate:,.0f}/s   {running}   {'down: ' + ' '.join(down) if down else 'daemons up'}"

    def verdict(self):
        again = self.sum("again")
        asked = f" ({again:,} asked again)" if again else ""
        return f"{self.sum('failed'):,} of {self.sum('done'):,} requests failed{asked}"

    def tell(self, text):
        sys.stdout.write(("\r\033[K" if sys.stdout.isatty() else "") + text + "\n")
        sys.stdout.flush()

    def draw(self):
        if sys.stdout.isatty():
            sys.stdout.write("\r\033[K" + self.status())
            sys.stdout.flush()

    def kill(self, pid, what):
        try:
            os.kill(pid, signal.SIGKILL)
            self.tell(f"{time.monotonic() - self.began:6.1f} s  killed {what}")
        except ProcessLookupError:
            self.tell(f"        {what} was gone already")

    def kill_daemon(self, name):
        pid = self.cluster.daemon_pid(name)
        what = "fairlead-control" if name == "control" else f"fairlead-agent of {name}"
        if pid is None:
            return self.tell(f"        {what} is down already")
        self.kill(pid, what)

    def press(self, key):
        if key == "c":
            self.kill_daemon("control")
        elif key == "a":
            alive = [name for name in self.cluster.nodes if self.cluster.daemon_pid(name) is not None]
            self.kill_daemon(random.choice(alive or self.cluster.nodes))
        elif key == "x":
            for name in ["control", *self.cluster.nodes]:
                self.kill_daemon(name)
        elif key == "p":
            pods = self.cluster.pods()
            if not pods:
                return self.tell("        no pod runs that could be killed")
            job, uid, node, pid = random.choice(pods)
            if self.again_before_pods is None:
                self.again_before_pods = self.sum("again")
            self.kill(pid, f"pod {job} {uid[:8]} on {node}")
        elif key == "q":
            self.over = True

    def turn(self):
        elapsed = time.monotonic() - self.began
        if self.script and elapsed >= self.every * (self.pressed + 1):
            self.pressed += 1
            self.press(self.script.pop(0))
        if self.seconds and elapsed >= self.seconds:
            self.over = True
        self.draw()

    def read(self, index):
        line = self.clients[index].stdout.readline()
        if line:
            self.totals[index] = json.loads(line)
        elif not self.over:
            raise SystemExit("\ndemo: a client ended by itself")

    def run(self):
        with selectors.DefaultSelector() as ready:
            for index, client in enumerate(self.clients):
                ready.register(client.stdout, selectors.EVENT_READ, index)
            if not self.seconds:
                ready.register(sys.stdin, selectors.EVENT_READ, None)
            while not self.over:
                for key, _ in ready.select(timeout=0.1):
                    if key.data is None:
                        self.press(os.read(sys.stdin.fileno(), 1).decode(errors="replace") or "q")
                    else:
                        self.read(key.data)
                self.turn()

    def finish(self):
        for client in self.clients:
            client.stdin.close()
        for index, client in enumerate(self.clients):
            rest = client.stdout.read().splitlines()
            if rest:
                self.totals[index] = json.loads(rest[-1])
            client.wait(timeout=30)

    def kill_clients(self):
        for client in self.clients:
            if client.poll() is None:
                client.kill()

    def conclude(self):
        self.tell(self.verdict())
        unprovoked = self.sum("again") if self.again_before_pods is None else self.again_before_pods
        if unprovoked:
            self.tell(f"{unprovoked} were asked again before any pod was killed")
        for total in self.totals:
            if total["why"] and (self.sum("failed") or unprovoked):
                self.tell(f"  the last thing that went wrong: {total['why']}")
        return 0 if self.sum("failed") == 0 and unprovoked == 0 and self.sum("done") > 0 else 1


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("cluster", type=pathlib.Path)
    options.add_argument("nodes", type=int)
    options.add_argument("--script", default="")
    options.add_argument("--seconds", type=float, default=0)
    given = options.parse_args()
    show = Show(Cluster(given.build, given.cluster, given.nodes), "".join(given.script.split(",")), given.seconds)
    saved = termios.tcgetattr(sys.stdin) if not given.seconds else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        show.start_clients()
        if saved:
            tty.setcbreak(sys.stdin)
            print(KEYS)
        show.run()
        show.finish()
    except KeyboardInterrupt:
        show.over = True
        show.finish()
    finally:
        show.kill_clients()
        if saved:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
    return show.conclude()


sys.exit(main())
