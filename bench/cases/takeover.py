# SPDX-License-Identifier: GPL-2.0-or-later
"""How much later than the RFC's master down interval a backup takes over from a killed master."""
import time

from harness import Benchmark, Row
from netlab import Lab
from netlab.configs import config, instance, master_down


def overheads(kind, interval, rounds):
    """Milliseconds from the formula's moment to the new master's first advert, `rounds` times."""
    found = []
    with Lab("ab") as lab:
        a = lab.a.run(config(instance(priority=150, interval=interval)), kind)
        lab.wire.wait_advert("a", count=3, timeout=12)
        lab.b.run(config(instance(priority=100, interval=interval)), kind)
        for round_ in range(rounds):
            time.sleep(max(0.5, 2.3 * interval))
            a.kill()
            last = lab.wire.adverts("a")[-1].time
            first = lab.wire.wait_advert("b", since=last, timeout=12).time
            found.append((first - last - master_down(100, interval)) * 1000)
            if round_ + 1 < rounds:
                back = lab.now()
                a.start()
                lab.wire.wait_advert("a", since=back, count=2, timeout=12)
    return found


def case(interval, rounds):
    name = f"takeover-{interval:g}"
    row = f"beyond the formula, advert_int {interval:g}"
    return Benchmark(name, f"takeover after SIGKILL at advert_int {interval:g}",
                     [Row(row, "ms", ratio=1.0, digits=3)],
                     lambda kind: {row: overheads(kind, interval, rounds)})


BENCHMARKS = [case(1, 2), case(0.1, 6), case(0.01, 8)]
