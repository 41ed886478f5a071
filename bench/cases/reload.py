# SPDX-License-Identifier: GPL-2.0-or-later
"""Reload of 1,000 instances, one of them at 10 ms: the longest silence of that one."""
import time

from harness import Benchmark, Row, many_instances, wait_masters
from netlab import Advert, Lab
from netlab.recorder import Recorder

COUNT = 1000


def measure(kind):
    fast = {0: {"interval": 0.01}}
    before = many_instances(COUNT, interval=1, special=fast)
    after = many_instances(COUNT, interval=1, special={**fast, 500: {"priority": 101}})
    with Lab("a", 4, sniff=False) as lab:
        daemon = lab.a.run(before, kind)
        wait_masters(lab.a, COUNT)
        recorder = Recorder(lab, lab.a, 0, "proto 112")
        watch = lab.a.watch()
        time.sleep(0.5)
        daemon.reload(after)
        time.sleep(2.5)
        adverts = [f for f in recorder.stop() if isinstance(f, Advert) and f.vrid == 1]
        changes = len(watch.events)
    gaps = [b.time - a.time for a, b in zip(adverts, adverts[1:])]
    return {"largest gap at 10 ms": max(gaps) * 1000, "addresses touched": changes}


BENCHMARKS = [Benchmark("reload", "reload of 1,000 instances",
                        [Row("largest gap at 10 ms", "ms", most=12, digits=1),
                         Row("addresses touched", "", most=0, digits=0)], measure)]
