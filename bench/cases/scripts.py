# SPDX-License-Identifier: GPL-2.0-or-later
"""Processor time of the daemon itself (not of the scripts) for running scripts."""
import time

from harness import Benchmark, Row, cpu_seconds, daemon_pids
from netlab import Lab
from netlab.configs import config, instance

COUNT, SECONDS = 200, 5


def tracked(count, priority=100, interval=0.1):
    """A configuration with one instance that tracks `count` scripts of one run a second."""
    scripts = "".join(f"vrrp_script s{n} {{\nscript /usr/bin/true\ninterval 1\nweight 0\n}}\n" for n in range(count))
    names = "\n".join(f"s{n}" for n in range(count))
    return config(scripts, instance(priority=priority, interval=interval, extra=f"track_script {{\n{names}\n}}"))


def measure(kind):
    with Lab("a", sniff=False) as lab:
        daemon = lab.a.run(tracked(COUNT), kind)
        lab.a.wait_has("192.0.2.100", 10)
        time.sleep(1)
        pids = daemon_pids(daemon)
        cpu = cpu_seconds(pids)
        time.sleep(SECONDS)
        cpu = cpu_seconds(pids) - cpu
    return {"per 1,000 runs": cpu * 1000 / (COUNT * SECONDS / 1000)}


BENCHMARKS = [Benchmark("scripts", "CPU of the daemon for 200 scripts a second",
                        [Row("per 1,000 runs", "ms", ratio=0.3, digits=1)], measure)]
