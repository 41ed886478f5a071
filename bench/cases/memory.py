# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of all processes together (proportional set size)."""
import time

from harness import Benchmark, Row, daemon_pids, many_instances, pss_megabytes
from netlab import Lab
from netlab.configs import config, instance


def small(kind):
    with Lab("a", sniff=False) as lab:
        daemon = lab.a.run(config(instance(vips=["192.0.2.100/24", "192.0.2.101/24"])), kind)
        lab.a.wait_has("192.0.2.101", 10)
        time.sleep(1)
        return {"2 addresses": pss_megabytes(daemon_pids(daemon))}


def large(kind):
    with Lab("a", 4, sniff=False) as lab:
        daemon = lab.a.run(many_instances(1000, interval=1), kind)
        time.sleep(8)
        return {"1,000 instances": pss_megabytes(daemon_pids(daemon))}


BENCHMARKS = [
    Benchmark("memory-small", "memory with 2 addresses", [Row("2 addresses", "MB", ratio=1.2)], small),
    Benchmark("memory-large", "memory with 1,000 instances", [Row("1,000 instances", "MB", ratio=1.2)], large),
]
