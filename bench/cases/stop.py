# SPDX-License-Identifier: GPL-2.0-or-later
"""What a planned stop costs: requests lost at 1 kHz, and the time until the process is gone."""
import signal
import time

from harness import Benchmark, Row
from netlab import Lab
from netlab.configs import config, instance, v2
from netlab.prober import Prober

VIP = "192.0.2.100"


def measure(kind, interval):
    make = v2 if interval == 1 else instance
    with Lab("abc") as lab:
        a = lab.a.run(config(make(priority=150, interval=interval)), kind)
        lab.a.wait_has(VIP, 12)
        lab.b.run(config(make(priority=100, interval=interval)), kind)
        time.sleep(max(0.8, 1.3 * interval))
        with Prober(lab.c, [lab.a, lab.b], VIP) as prober:
            time.sleep(0.5)
            a.signal(signal.SIGTERM)
            a.wait_exit()
            gone = time.time()
            takeover = lab.wire.wait_advert("b").time
            time.sleep(0.5)
            result = prober.stop()
    return result["lost"], max(0.0, gone - takeover) * 1000


def case(interval):
    lost, late = f"requests lost at 1 kHz, advert_int {interval:g}", f"exit after the hand-over, advert_int {interval:g}"

    def run(kind):
        return dict(zip((lost, late), measure(kind, interval)))
    return Benchmark(f"stop-{interval:g}", f"planned stop at advert_int {interval:g}",
                     [Row(lost, "", most=0, digits=0), Row(late, "ms", most=50, digits=1)], run)


BENCHMARKS = [case(1), case(0.1), case(0.01)]
