# SPDX-License-Identifier: Apache-2.0
"""What is tried on two machines that docs/packages.md has brought up.

A trial is a function of the lab: it returns a figure or a word for the report,
or raises Failed. No trial ends because of a time, but by a generous bound.
"""

import json
import re

from machine import Failed


def check(what, holds, said=""):
    if not holds:
        raise Failed(f"{what}; it said:\n{said}")


def control(lab, commands, seconds=300):
    return lab.machines["host1"].run(commands, seconds)


def pods(lab, job):
    """(node, uid, name) of each pod of a job."""
    items = json.loads(control(lab, "fairlead get pods -o json"))["items"]
    return [(pod["node"], pod["uid"], pod["name"]) for pod in items if pod["job"] == job]


def limit_of(lab, job, file):
    node, uid, _ = pods(lab, job)[0]
    return lab.machines[node].run(f"cat /sys/fs/cgroup/fairlead/lab/{node}/{uid}/{job}/{file}").strip()


def until(lab, condition, seconds=300):
    return control(lab, f"until {condition}; do sleep 1; done\n", seconds)


def answered(said, count):
    check("not all requests were answered", f"{count} answered, 0 failed" in said, said)
    backends = len(re.findall(r"^web-\w+ +host\d +\d", said, re.M))
    check("not all pods answered", backends == 3, said)
    return f"{count} of {count} requests answered by {backends} pods"


def memory(lab):
    until(lab, "fairlead events | grep -q 'greedy.*out of memory (limit 32MiB)'")
    control(lab, "fairlead delete job/greedy\n")
    return "a pod over its limit of 32MiB is killed, and told so"


def cpu(lab):
    check("not the quota that was asked for", limit_of(lab, "busy", "cpu.max") == "25000 100000")
    node, uid, _ = pods(lab, "busy")[0]
    said = lab.machines[node].run(f"""cd /sys/fs/cgroup/fairlead/lab/{node}/{uid}/busy
from=$(sed -n 's/usage_usec //p' cpu.stat) begun=$(date +%s%N)
until [ "$(sed -n 's/nr_throttled //p' cpu.stat)" -gt 20 ]; do sleep 1; done
sleep 5
echo $(($(sed -n 's/usage_usec //p' cpu.stat) - from)) $((($(date +%s%N) - begun) / 1000))
cd""")
    used, passed = (int(word) for word in said.split())
    check("the pod uses more than its share", used < passed * 0.5, said)
    return f"a busy pod with 0.25 cores used {used / passed:.2f}, and was throttled"


def pids(lab):
    said = control(lab, "fairlead exec busy -- sh -c 'for i in $(seq 40); do sleep 60 & done; wait' 2>&1 || true\n")
    check("nobody refused the 17th process", "can't fork" in said, said)
    check("not the limit that was asked for", limit_of(lab, "busy", "pids.max") == "16")
    return "the 17th process of a pod with 16 is refused"


def keep_limits(lab):
    """systemd rewrites its own cgroups when it reads its units again; ours must stay."""
    for machine in lab.machines.values():
        machine.run("systemctl daemon-reload")
    check("the quota is gone", limit_of(lab, "busy", "cpu.max") == "25000 100000")
    control(lab, "fairlead delete job/busy\n")
    return "limits stay over systemctl daemon-reload"


def servers(lab):
    return {name: machine.run("pgrep -x fl-serve | sort").split() for name, machine in lab.machines.items()}


def kill_daemons(lab):
    """All three daemons get SIGKILL while requests run; systemd starts them again.

    They come from a pod: what runs by `fairlead exec` ends with the daemons it goes through. They go to the service's
    address: names are answered by the agent, and an emulated machine takes longer to start one than a resolver waits.
    """
    before = servers(lab)
    vip = json.loads(control(lab, "fairlead get service/web -o json"))["vip4"]
    control(lab, f"""fairlead apply -f - <<'SPEC'
kind: Job
name: load
type: service
replicas: 1
containers:
  - name: load
    image: oci:hello
    command: [sh, -c, "echo begins; loadgen http://{vip}:80 200 --pause 100 --timeout 20000; exec sleep infinity"]
    resources: {{cpu: 0.25, memory: 32MiB}}
SPEC""")
    until(lab, "fairlead logs job/load | grep -q begins")
    for name, machine in lab.machines.items():
        units = ["fairlead-agent"] + (["fairlead-control"] if name == "host1" else [])
        for unit in units:
            machine.run(f"""before=$(systemctl show -P NRestarts {unit})
systemctl kill --kill-whom=main --signal=KILL {unit}
until [ "$(systemctl show -P NRestarts {unit})" -gt "$before" ] && systemctl is-active --quiet {unit}; do sleep 1; done""")
    until(lab, "[ \"$(fairlead get nodes | grep -c ' ready ')\" = 2 ]")
    until(lab, "fairlead logs job/load | grep -q answered", 900)
    said = control(lab, "fairlead logs job/load; fairlead delete job/load")
    check("servers have been restarted", servers(lab) == before, f"{before}\n{servers(lab)}")
    return f"control and both agents killed under load: {answered(said, 200)}; no container restarted"


def bad_wire(lab):
    """Loss and delay in both directions, by the machines' own netem."""
    for machine in lab.machines.values():
        machine.run("tc qdisc add dev eth0 root netem delay 20ms 5ms loss 2%")
    said = control(lab, "fairlead exec client -- loadgen http://web:80 200 --timeout 60000\n", 900)
    sent = "".join(machine.run("tc -s qdisc show dev eth0; tc qdisc del dev eth0 root") for machine in lab.machines.values())
    lost = sum(int(count) for count in re.findall(r"dropped (\d+)", sent))
    check("netem dropped nothing", lost > 0, sent)
    return f"20 ms delay and 2 % loss each way ({lost} packets lost): {answered(said, 200)}"


TRIALS = {
    "memory": memory, "cpu": cpu, "pids": pids, "daemon_reload": keep_limits,
    "killed_daemons": kill_daemons, "loss_and_delay": bad_wire,
}
