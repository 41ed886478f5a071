# SPDX-License-Identifier: GPL-2.0-or-later
"""On a busy machine: how late adverts are, and whether a fast pair changes roles for no reason."""
import time

from harness import Benchmark, Row, Spinners, percentile
from netlab import Advert, Lab, wait_until
from netlab.configs import config, instance
from netlab.recorder import Recorder

from .scripts import tracked

SECONDS = 15


def lateness(kind):
    """Two spinning processes a CPU and 200 scripts a second; ten instances at 0.1 s."""
    others = [instance(f"OTHER_{n}", n, vips=[f"10.9.0.{n}/32"]) for n in range(1, 10)]
    with Lab("a", sniff=False) as lab:
        lab.a.run(tracked(200) + "".join(others), kind)
        wait_until(lambda: len(lab.a.addresses()) == 10, 15, "ten masters", 0.1)
        recorder = Recorder(lab, lab.a, 0, "proto 112")
        with Spinners():
            time.sleep(SECONDS)
        adverts = {}
        for frame in recorder.stop():
            if isinstance(frame, Advert):
                adverts.setdefault(frame.vrid, []).append(frame.time)
    late = [max(0.0, after - before - 0.1) * 1000 for times in adverts.values()
            for before, after in zip(times, times[1:])]
    return {"99.9th percentile": percentile(late, 0.999), "median": percentile(late, 0.5), "largest": max(late)}


def takeovers(kind, first, second, busy):
    """How often the backup of a healthy pair at 10 ms became master."""
    with Lab("ab", sniff=False) as lab:
        lab.a.run(first, kind)
        lab.a.wait_has("192.0.2.100", 10)
        lab.b.run(second, kind)
        time.sleep(2)
        watch = lab.b.watch()
        if busy:
            with Spinners():
                time.sleep(SECONDS)
        else:
            time.sleep(SECONDS)
        return len(watch.added("192.0.2.100"))


def spinning(kind):
    return {"with two spinning processes a CPU": takeovers(
        kind, config(instance(priority=150, interval=0.01)), config(instance(priority=100, interval=0.01)), True)}


def scripting(kind):
    return {"with 200 scripts a second": takeovers(kind, tracked(200, 150, 0.01), tracked(200, 100, 0.01), False)}


BENCHMARKS = [
    Benchmark("load-lateness", "lateness of adverts on a busy machine",
              [Row("99.9th percentile", "ms", most=5), Row("median", "ms"), Row("largest", "ms")], lateness, repeat=1),
    Benchmark("load-spinning", "needless takeovers at 10 ms, busy machine",
              [Row("with two spinning processes a CPU", "", most=0, digits=0)], spinning, repeat=1),
    Benchmark("load-scripts", "needless takeovers at 10 ms, many scripts",
              [Row("with 200 scripts a second", "", most=0, digits=0)], scripting, repeat=1),
]
