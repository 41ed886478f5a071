# SPDX-License-Identifier: GPL-2.0-or-later
"""Processor time of 1,000 instances at 100 ms: per 1,000 adverts sent, and received."""
import json
import time

from harness import THEIRS, Benchmark, Row, cpu_seconds, daemon_pids, many_instances, wait_masters
from netlab import Lab, ns

COUNT, LINKS, SECONDS = 1000, 4, 5


def from_node(lab, node):
    """Packets that came out of the node so far."""
    return sum(json.loads(ns.run("ip", "-n", lab.switch, "-s", "-j", "link", "show", f"{node.name}{link}"))
               [0]["stats64"]["rx"]["packets"] for link in range(LINKS))


def cost(lab, sender, daemon):
    """Milliseconds of the daemon per 1,000 packets that `sender` puts on the wire."""
    pids = daemon_pids(daemon)
    cpu, count = cpu_seconds(pids), from_node(lab, sender)
    time.sleep(SECONDS)
    cpu, count = cpu_seconds(pids) - cpu, from_node(lab, sender) - count
    if count < COUNT * SECONDS * 8:
        raise RuntimeError(f"only {count} adverts in {SECONDS} s")
    return cpu * 1000 / (count / 1000)


def sent(kind):
    with Lab("a", LINKS, sniff=False) as lab:
        daemon = lab.a.run(many_instances(COUNT, LINKS), kind)
        wait_masters(lab.a, COUNT)
        return {"per 1,000 sent": cost(lab, lab.a, daemon)}


def received(kind):
    with Lab("ab", LINKS, sniff=False) as lab:
        lab.a.run(many_instances(COUNT, LINKS, priority=150), THEIRS)
        wait_masters(lab.a, COUNT)
        daemon = lab.b.run(many_instances(COUNT, LINKS), kind)
        time.sleep(3)
        value = cost(lab, lab.a, daemon)
        if lab.b.addresses():
            raise RuntimeError("the backup became master")
        return {"per 1,000 received": value}


BENCHMARKS = [
    Benchmark("adverts-sent", "CPU of sending, 1,000 instances at 100 ms",
              [Row("per 1,000 sent", "ms", ratio=0.5)], sent),
    Benchmark("adverts-received", "CPU of receiving, 1,000 instances at 100 ms",
              [Row("per 1,000 received", "ms", ratio=0.7)], received),
]
