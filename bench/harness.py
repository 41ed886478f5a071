# SPDX-License-Identifier: GPL-2.0-or-later
"""What every benchmark shares: rows, bars, alternating runs, and measuring processes."""
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TREE, "tests"))

OURS, THEIRS = "holdfast", "keepalived"


@dataclass
class Row:
    """One number to compare. Of `ratio` (ours / theirs) and `most` (ours, in `unit`) the one that is
    set is the bar; none: for information."""
    name: str
    unit: str
    ratio: float = None
    most: float = None
    digits: int = 2


@dataclass
class Benchmark:
    """`measure(kind)` makes one run with a kind of daemon and returns {row name: value}."""
    name: str
    about: str
    rows: list
    measure: object
    repeat: int = 3
    kinds: tuple = (OURS, THEIRS)


@dataclass
class Outcome:
    row: Row
    benchmark: str
    values: dict = field(default_factory=dict)  # kind -> list of values

    def median(self, kind):
        values = [v for v in self.values.get(kind, []) if v is not None]
        return statistics.median(values) if values else None

    @property
    def ratio(self):
        ours, theirs = self.median(OURS), self.median(THEIRS)
        if ours is None or theirs is None:
            return None
        return ours / theirs if theirs else (1.0 if ours == 0 else float("inf"))

    @property
    def bar(self):
        if self.row.ratio is not None:
            return f"ratio <= {self.row.ratio:g}"
        if self.row.most is not None:
            return f"<= {self.row.most:g} {self.row.unit}"
        return "-"

    @property
    def verdict(self):
        ours = self.median(OURS)
        if ours is None:
            return "?"
        if self.row.ratio is not None:
            return "?" if self.ratio is None else "pass" if self.ratio <= self.row.ratio else "FAIL"
        if self.row.most is not None:
            return "pass" if ours <= self.row.most else "FAIL"
        return "-"


def run(benchmark, repeat=None, kinds=None, progress=lambda text: None):
    """Alternating runs, the order turned each time; a list of Outcome."""
    kinds = [kind for kind in benchmark.kinds if kinds is None or kind in kinds]
    outcomes = {row.name: Outcome(row, benchmark.name) for row in benchmark.rows}
    for number in range(repeat or benchmark.repeat):
        for kind in kinds if number % 2 == 0 else reversed(kinds):
            progress(f"{benchmark.name}: run {number + 1}, {kind}")
            for name, value in benchmark.measure(kind).items():
                values = value if isinstance(value, list) else [value]
                outcomes[name].values.setdefault(kind, []).extend(values)
    return list(outcomes.values())


# -- processes ----------------------------------------------------------------------------------


def daemon_pids(daemon):
    """The daemon's own processes, without the scripts it runs."""
    main = os.readlink(f"/proc/{daemon.pid}/exe")

    def same(pid):
        try:
            return os.readlink(f"/proc/{pid}/exe") == main
        except OSError:
            return False
    return [pid for pid in daemon.pids() if same(pid)]


def cpu_seconds(pids):
    """Time on a processor of all threads of the processes."""
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as handle:
                total += int(handle.read().split()[0])
    return total / 1e9


def pss_megabytes(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as handle:
            total += next(int(line.split()[1]) for line in handle if line.startswith("Pss:"))
    return total / 1024


class Spinners:
    """Two spinning processes a CPU, while in the `with` block."""

    def __enter__(self):
        count = 2 * len(os.sched_getaffinity(0))
        self._processes = [subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "sh", "-c", "while :; do :; done"])
                           for _ in range(count)]
        return self

    def __exit__(self, *exception):
        for process in self._processes:
            process.kill()
            process.wait()


# -- configurations -------------------------------------------------------------------------------


def many_instances(count, links=4, priority=100, interval=0.1, extra="garp_master_repeat 1", special=None):
    """`count` version 3 instances over eth0.. of `links` links, each with one /32. `special` maps a number
    to fields that differ."""
    from netlab.configs import config, instance
    per_link = -(-count // links)
    blocks = []
    for number in range(count):
        fields = {"priority": priority, "interval": interval, "extra": extra}
        fields.update((special or {}).get(number, {}))
        blocks.append(instance(f"VI_{number}", number % per_link + 1, interface=f"eth{number // per_link}",
                               vips=[f"10.{100 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}/32"],
                               **fields))
    return config(*blocks)


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def wait_masters(node, count, timeout=60):
    from netlab import wait_until
    wait_until(lambda: len(node.addresses()) >= count, timeout, f"{count} addresses", 0.2)
    time.sleep(1)
