# SPDX-License-Identifier: GPL-2.0-or-later
"""Health checks: what 1,000 of them cost, what thousands of servers take of memory, how soon a death
is found, what a reload costs; see checks.py."""
import subprocess
import time

from checks import CHECKS, Checked, Servers, has_ipvs, program
from harness import OURS, THEIRS, Benchmark, Row, cpu_seconds
from netlab import Lab, wait_until

SECONDS = 8
DEATHS = 100
# In the guest everything takes ten times as long: a tenth of the checks a second.
DELAY = 10 if has_ipvs() else 1


def both(kind, count, seconds=SECONDS * (2 if has_ipvs() else 1)):
    """The two daemons check in the same seconds, each its own servers: what disturbs one disturbs the
    other, and the ratio is one of equals."""
    with Checked(OURS, count, kind, DELAY) as ours, Checked(THEIRS, count, kind, DELAY) as theirs:
        pair = {OURS: ours, THEIRS: theirs}
        before = {name: one.begin() for name, one in pair.items()}
        time.sleep(seconds)
        found = {name: one.end(before[name]) for name, one in pair.items()}
        for name, one in pair.items():
            found[name]["memory"] = one.memory()
    return found


class Together:
    """One run gives the values of both daemons; the harness asks for them one after the other."""

    def __init__(self, kind, count):
        self.kind, self.count = kind, count
        self.found = {}

    def __call__(self, daemon):
        if daemon not in self.found:
            self.found = both(self.kind, self.count)
        values = self.found.pop(daemon)
        return {"CPU per 1,000 checks": values["cpu"], "late: median": values["median"],
                "late: 99th percentile": values["late"], "memory": values["memory"]}


def deaths(kind, count):
    def measure(daemon):
        with Checked(daemon, count, kind, DELAY) as checked:
            beyond = checked.deaths(DEATHS, 5)
        return {"beyond the formula: median": beyond["median"], "beyond the formula: 99th percentile": beyond["99"]}
    return measure


def flat(kind):
    """Cost of a check with 10,000 servers over that with 100."""
    def measure(daemon):
        cost = {}
        for count, seconds in ((100, 20), (10000, 6)):
            with Checked(daemon, count, kind) as checked:
                cost[count] = checked.cost(seconds)["cpu"]
        return {"with 100": cost[100], "with 10,000": cost[10000], "times": cost[10000] / cost[100]}
    return measure


def reload(daemon):
    """10,000 servers, one weight changed: until it is in force; the longest lateness of a probe meanwhile."""
    with Checked(daemon, 10000, "tcp") as checked:
        pids = checked.pids()
        cpu = cpu_seconds(pids)
        checked.servers.ask("begin")
        before, begin = checked.removals.lines, time.monotonic()
        checked.daemon.reload(checked.text(weight=2))
        wait_until(lambda: checked.removals.weighted > begin, 60, "the new weight", 0.01)
        seconds = checked.removals.weighted - begin
        time.sleep(3)
        late = checked.servers.ask("end")[3] / 1000
        return {"until the change is in force": seconds, "largest lateness of a probe": late,
                "CPU, with 3 s of checks": cpu_seconds(pids) - cpu}


def libraries(daemon):
    """Checks by a bare loop, and plain HTTP by libcurl."""
    with Lab("a", sniff=False) as lab, Servers(lab.a, 2000):
        def run(*argv):
            return float(subprocess.run(lab.a.command(*argv), capture_output=True, text=True, check=True).stdout)
        first, port, a_second = "10.64.0.1", "80", str(2000 // DELAY)
        return {"bare loop, TCP": run(program("floor"), "tcp", first, a_second, port, "4"),
                "bare loop, HTTP": run(program("floor"), "http", first, a_second, port, "4"),
                "libcurl, HTTP": run(program("curl", "-lcurl"), first, a_second, port, "4")}


def rows():
    return [Row("CPU per 1,000 checks", "ms", ratio=0.6, digits=1), Row("late: median", "ms"),
            Row("late: 99th percentile", "ms"), Row("memory", "MB", ratio=1.2 if has_ipvs() else None)]


def found_rows():
    """Only where both have tables to change: on other kernels keepalived's are a stand-in."""
    bar = 1.0 if has_ipvs() else None
    return [Row("beyond the formula: median", "ms", ratio=bar),
            Row("beyond the formula: 99th percentile", "ms", ratio=bar)]


BENCHMARKS = [
    *(Benchmark(f"checks-{kind}", f"2,000 servers, {kind.upper()} checks each second", rows(), Together(kind, 2000))
      for kind in CHECKS),
    *(Benchmark(f"checks10000-{kind}", f"10,000 servers, {kind.upper()} checks each second", rows(),
                Together(kind, 10000), repeat=1) for kind in CHECKS),
    *(Benchmark(f"death-{kind}", f"deaths among 2,000 servers, {kind.upper()} checks", found_rows(),
                deaths(kind, 2000), repeat=1) for kind in CHECKS),
    Benchmark("checks-flat", "cost of a TCP check, 100 and 10,000 servers",
              [Row("with 100", "ms", digits=1), Row("with 10,000", "ms", digits=1), Row("times", "", most=1.1)],
              flat("tcp"), kinds=(OURS,), repeat=1),
    Benchmark("checks-reload", "reload of 10,000 servers, one weight changed",
              [Row("until the change is in force", "s"), Row("largest lateness of a probe", "ms"),
               Row("CPU, with 3 s of checks", "s")], reload, repeat=1),
    Benchmark("checks-libraries", "the least that a check costs, and libcurl; CPU per 1,000",
              [Row("bare loop, TCP", "ms", digits=1), Row("bare loop, HTTP", "ms", digits=1),
               Row("libcurl, HTTP", "ms", digits=1)], libraries, kinds=(OURS,), repeat=3),
]
