# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and judging a file: 10,000 instances, and whether the time is linear in the size."""
import subprocess
import time

from harness import OURS, Benchmark, Row, many_instances
from netlab import HOLDFAST, KEEPALIVED, Lab

LINKS = 40


def seconds(lab, kind, count):
    path = lab.write(f"{count}.conf", many_instances(count, LINKS, interval=1))
    words = [HOLDFAST, "check", path] if kind == OURS else [KEEPALIVED, "-t", "-f", path]
    start = time.monotonic()
    subprocess.run(lab.a.command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - start


def measure(kind):
    with Lab("a", LINKS, sniff=False) as lab:
        few, many = seconds(lab, kind, 1000), seconds(lab, kind, 10000)
    return {"10,000 instances": many * 1000, "10,000 / 1,000": many / few}


BENCHMARKS = [Benchmark("parse", "check of 10,000 instances",
                        [Row("10,000 instances", "ms", ratio=0.05, digits=1),
                         Row("10,000 / 1,000", "x", most=12)], measure, repeat=3)]
