# SPDX-License-Identifier: GPL-2.0-or-later
"""Start of 1,000 instances: from the start of the process to the first advert of an address owner
that is the last in the file."""
from harness import Benchmark, Row, many_instances
from netlab import Lab

COUNT = 1000


def measure(kind):
    text = many_instances(COUNT, interval=1, special={COUNT - 1: {"priority": 255, "state": "MASTER"}})
    with Lab("a", 4) as lab:
        daemon = lab.a.run(text, kind)
        advert = lab.wire.wait_advert("a", priority=255, timeout=30)
        return {"1,000 instances": (advert.time - daemon.started) * 1000}


BENCHMARKS = [Benchmark("start", "start of 1,000 instances",
                        [Row("1,000 instances", "ms", ratio=0.5, digits=1)], measure, repeat=5)]
