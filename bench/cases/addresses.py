# SPDX-License-Identifier: GPL-2.0-or-later
"""Taking over many addresses: when the first and when the last of them is announced."""
import time

from harness import Benchmark, Row
from netlab import Arp, Lab, wait_until
from netlab.configs import config, instance
from netlab.recorder import Recorder


def measure(kind, count):
    vips = [f"10.{n // 62500 + 9}.{n // 250 % 250}.{n % 250 + 1}/32" for n in range(count)]
    text = config(instance(vips=vips[:100], interval=1, extra="virtual_ipaddress_excluded {\n"
                           + "\n".join(vips[100:]) + "\n}"))
    with Lab("ab", sniff=False) as lab:
        recorder = Recorder(lab, lab.a)
        lab.a.run(text, kind)
        wait_until(lambda: len(lab.a.addresses()) == count, 30, f"{count} addresses", 0.3)
        time.sleep(1)
        frames = recorder.stop()
    start = next(f.time for f in frames if not isinstance(f, Arp) and getattr(f, "vrid", 0))
    first = {}
    for frame in frames:
        if isinstance(frame, Arp) and frame.gratuitous:
            first.setdefault(frame.sender, (frame.time - start) * 1000)
    missing = [vip for vip in vips if vip.split("/")[0] not in first]
    if missing:
        raise RuntimeError(f"{len(missing)} of {count} addresses were never announced")
    return min(first.values()), max(first.values())


def case(count):
    rows = (f"first of {count} announced", f"last of {count} announced")
    return Benchmark(f"addresses-{count}", f"taking over {count} addresses",
                     [Row(rows[0], "ms", most=1.0), Row(rows[1], "ms", ratio=0.7, digits=1)],
                     lambda kind: dict(zip(rows, measure(kind, count))))


BENCHMARKS = [case(500), case(2000)]
