# SPDX-License-Identifier: Apache-2.0
"""`fairlead bench l4` for real, short: what its JSON says is held against what must be true, whatever the speed.

All engines and peers in one run; then a service that runs already; then a run that is stopped, and one that is
killed: nothing is left of either. No time is asserted.
"""

import glob
import html.parser
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

FAIRLEAD = os.path.join(sys.argv[2], "bin", "fairlead")
WAYS = ["direct", "xdp", "dpdk", "direct-pod", "node", "nftables", "haproxy"]
WORKLOADS = ["tcp-rr", "tcp-crr", "tcp-bulk", "udp-rr"]
FLOWS, SERVERS, ROUNDS = 32, 4, 1
SHORT = ["--flows", str(FLOWS), "--servers", str(SERVERS), "--rounds", str(ROUNDS), "--time", "100ms"]
ALL = [FAIRLEAD, "bench", "l4", "--engine", "xdp,dpdk,node", "--compare", "nftables,haproxy", *SHORT]
checked = 0


def must(condition, what):
    global checked
    checked += 1
    if not condition:
        for process in left_over():
            os.kill(int(process.split("/")[2]), signal.SIGKILL)
        sys.exit(f"FAILED: {what}")


def counts(named):
    return {each["name"]: each["count"] for each in named}


def left_over():
    """Processes that a run of ours started: their files are in its own bpf file system."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"/sys/fs/bpf/bench/" in file.read():
                    found.append(path)
        except OSError:
            pass
    return found


def mounts():
    """Those that a run makes for itself; others may come and go."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        return sorted(path for path in (line.split()[4] for line in file) if path in ("/sys/fs/bpf/bench", "/dev/shm"))


def run(argv, **more):
    return subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False, **more)


def check_row(row):
    name = f"{row['way']} {row['workload']}"
    failed, drops = counts(row.get("failed", [])), counts(row.get("drops", []))
    lost = failed.get("TIMEOUT", 0) + failed.get("UNSENT", 0)
    must(not set(failed) - {"TIMEOUT", "UNSENT"}, f"{name}: {failed}")
    must(row["answered"] > 0 and row["answered"] + lost == row["asked"],
         f"{name}: of {row['asked']} {row['answered']} were answered, {failed}")
    if row["workload"] != "udp-rr":
        must("TIMEOUT" not in failed, f"{name}: TCP lost {failed}, {drops}")
    else:
        must(failed.get("TIMEOUT", 0) <= sum(drops.values()), f"{name}: {failed}, but dropped was only {drops}")
    rate = row["rate"]
    must(0 < rate["low"] <= rate["median"] <= rate["high"], f"{name}: rate {rate}")
    must(row["cpu_ns_per_packet"]["median"] > 0, f"{name}: no CPU time")
    must((row["program_ns_per_run"] > 0) == (row["way"] in ("xdp", "node", "direct-pod")), f"{name}: program {row['program_ns_per_run']}")
    if row["workload"] != "tcp-bulk":
        latency = row["latency"]
        must(0 < latency["p50_us"] <= latency["p99_us"] <= latency["p999_us"] <= latency["max_us"], f"{name}: {latency}")
        must(0 < latency["requests"] < row["asked"], f"{name}: {latency['requests']} latencies of {row['asked']}")
    check_spread(name, row)
    check_engine(name, row, row["asked"] - failed.get("UNSENT", 0))


def check_spread(name, row):
    spread = row["spread"]
    flows = sum(share["flows"] for share in spread["shares"])
    baseline = row["way"].startswith("direct")
    must(len(spread["shares"]) == (1 if baseline else SERVERS), f"{name}: {spread}")
    if row["workload"] == "tcp-crr":
        must(flows == row["answered"], f"{name}: {flows} flows of {row['answered']} connections")
    elif row["workload"] == "tcp-bulk":
        must(flows == 16, f"{name}: {flows} streams")
    else:
        must(FLOWS <= flows <= FLOWS * row["samples"], f"{name}: {flows} flows in {row['samples']} samples")
    if row["workload"] == "tcp-crr" and not baseline:
        must(all(share["flows"] > 0 for share in spread["shares"]), f"{name}: a server got nothing: {spread}")
        must(spread["freedom"] == SERVERS - 1 and spread["p"] > 1e-9, f"{name}: no even choice: {spread}")
        if row["way"] == "haproxy":
            must(spread["p"] > 0.9, f"{name}: taking turns is even: {spread}")


def check_engine(name, row, sent):
    """What the engine counted is what was sent: exactly for datagrams, of which the kernel makes and joins none."""
    engine, packets = row["engine_packets"], row["packets"]
    if row["way"] == "direct":
        must(engine == 0, f"{name}: nothing stands between, and it counted {engine}")
    elif row["workload"] == "udp-rr":
        if row["way"] in ("xdp", "dpdk"):
            must(engine == sent, f"{name}: {sent} datagrams sent, {engine} counted")
        elif row["way"] in ("node", "direct-pod"):
            must(engine == packets, f"{name}: {packets} packets, {engine} counted")
        else:  # its link also hears ARP
            must(packets <= engine <= packets + 200, f"{name}: {packets} packets, {engine} counted")
    else:
        must(0 < engine, f"{name}: the engine counted nothing")
    if row["workload"] == "udp-rr":
        lost = sent - row["answered"]
        must(2 * row["answered"] <= packets <= 2 * sent + 200, f"{name}: {packets} packets, {sent} sent, {lost} lost")


class Page(html.parser.HTMLParser):
    VOID = {"meta"}

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], 0

    def handle_starttag(self, tag, attrs):
        self.tags += 1
        must(tag != "script" and not any(name in ("src", "href") for name, _ in attrs), f"the page asks: <{tag} {attrs}>")
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags += 1

    def handle_endtag(self, tag):
        must(self.open and self.open.pop() == tag, f"the page: </{tag}> closes what is not open")


def all_at_once(folder):
    page = os.path.join(folder, "l4.html")
    done = run([*ALL, "-o", "json", "--report", page])
    must(done.returncode == 0, f"exit {done.returncode}: {done.stderr[-2000:]}")
    report = json.loads(done.stdout)
    rows = {(row["way"], row["workload"]): row for row in report["rows"]}
    must(sorted(rows) == sorted((way, workload) for way in WAYS for workload in WORKLOADS), f"rows {sorted(rows)}")
    must([way["name"] for way in report["ways"]] == WAYS, f"ways {report['ways']}")
    must(rows[("haproxy", "udp-rr")]["skipped"] == "it has no UDP", str(rows[("haproxy", "udp-rr")]))
    for row in report["rows"]:
        if "skipped" not in row:
            check_row(row)
    samples = sum(row.get("samples", 0) for row in report["rows"])
    must(report["samples"] == samples == 47 * ROUNDS, f"{report['samples']} samples, in rows {samples}")
    must(report["failed"] == 0 and not report["interrupted"] and report["kernel"].startswith("Linux"), str(report)[:500])
    with open(page, encoding="utf-8") as file:
        text = file.read()
    parser = Page()
    parser.feed(text)
    must(not parser.open and parser.tags > 500 and all(f">{way}<" in text for way in WAYS), "the page is not whole")


def running_service():
    # Its own network namespace: loopback there is nobody else's.
    script = ('ip link set lo up; "$0" bench responder --listen 127.0.0.1:7000 --number 7 & '
              'for i in 1 2 3 4 5 6 7 8 9 10; do '
              '"$0" bench l4 --target 127.0.0.1:7000 --rounds 1 --time 60ms '
              '--workload tcp-rr,tcp-crr,tcp-bulk,udp-rr,tcp-connect -o json 2>/dev/null && break; sleep 0.2; done; '
              'kill $!; wait $!')
    done = run(["unshare", "--net", "sh", "-c", script, FAIRLEAD])
    must(done.returncode == 0, f"--target: exit {done.returncode}: {done.stderr[-500:]}")
    for row in json.loads(done.stdout)["rows"]:
        unsent = counts(row.get("failed", []))
        must(row["answered"] > 0 and not set(unsent) - {"UNSENT"}, f"--target: {row}")
        must(row["answered"] + sum(unsent.values()) == row["asked"], f"--target: {row}")
        shares = [share["server"] for share in row["spread"].get("shares", [])]
        must(shares == ([] if row["workload"] == "tcp-connect" else ["server 7"]), f"--target: {row['workload']} {shares}")
    must("requests answered" in done.stderr, f"the responder: {done.stderr}")


def begun():
    """A run that is measuring: it has said that round 1 is on."""
    process = subprocess.Popen([*ALL[:4], "xdp,dpdk", "--rounds", "50", "--time", "100ms", "-o", "json"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "round 1/" in line:
            must(left_over(), "a run without fairlead-lb")
            return process
    sys.exit("FAILED: the run ended before it measured")


def stopped_and_killed():
    process = begun()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    must(process.returncode == 1 and json.loads(out)["interrupted"], f"a stopped run: {process.returncode}, {out[-300:]}")
    must(not left_over(), f"a stopped run leaves {left_over()}")
    process = begun()
    process.kill()
    process.communicate(timeout=30)
    for _ in range(100):
        if not left_over():
            break
        time.sleep(0.1)
    must(not left_over(), f"a killed run leaves {left_over()}")


def refusals():
    for argv, said in ((["--engine", "ipvs"], "--engine ipvs: is none of xdp, dpdk, node"),
                       (["--engine", "xdp,xdp"], "xdp: is named twice"),
                       (["--flows", "0"], "--flows 0: is not 1 to 20000"),
                       (["--workload", "tcp-connect"], "is for services of others"),
                       (["--report", "/nowhere/l4.html"], "--report /nowhere/l4.html")):
        done = run([FAIRLEAD, "bench", "l4", *argv])
        must(done.returncode != 0 and said in done.stderr, f"{argv}: {done.returncode}, {done.stderr}")


before = mounts()
with tempfile.TemporaryDirectory() as scratch:
    all_at_once(scratch)
running_service()
stopped_and_killed()
refusals()
must(mounts() == before, "a mount is left")
must(not os.path.exists("/sys/fs/bpf/fairlead/bench"), "pins are left")
print(f"fairlead bench l4: {checked} checks")
