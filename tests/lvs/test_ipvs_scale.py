# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten thousand real servers: a start, a reload, a stop and the death of a worker, in the kernel.

The limits are those of an emulated guest, many times slower than a machine; what they must
exclude is work that grows with the square of the number. It runs alone: the kernel counts the
services of every namespace for the place in a list, and leaves out rows while others come and go.
HF_SCALE_LOG names a file for the times.
"""
import os
import signal
import time

import pytest

from netlab import configs, ipvs, ns
from netlab.farm import Farm
from netlab.wait import wait_until

pytestmark = [pytest.mark.alone, pytest.mark.ipvs, pytest.mark.holdfast_only]

SERVICES, SERVERS = 100, 100
TOTAL = SERVICES * SERVERS


def text(services=range(SERVICES), heavy=None):
    """Services without checks, so that the kernel's tables are all there is to do."""
    blocks = []
    for i in services:
        reals = [configs.real_server(f"10.8.{i}.{k + 1}", 80, 7 if heavy == (i, k) else 1, check="")
                 for k in range(SERVERS)]
        blocks.append(configs.virtual_server(f"10.9.0.{i + 1} 80", reals))
    return configs.config(*blocks)


def rows(farm):
    """The lines of servers in the director's table."""
    def read():
        with open("/proc/thread-self/net/ip_vs", encoding="ascii") as handle:
            return [line for line in handle if line.startswith("  -> ")][1:]
    return ns.inside(farm.d1.namespace, read)


def fewest_of(farm, fewest):
    """The least number of servers seen."""
    return min(len(rows(farm)), fewest)


def until(farm, condition, what, limit=60):
    """Seconds until it is so."""
    begin = time.monotonic()
    wait_until(lambda: condition(rows(farm)), limit, what, 0.02)
    seconds = time.monotonic() - begin
    if os.environ.get("HF_SCALE_LOG"):
        with open(os.environ["HF_SCALE_LOG"], "a", encoding="ascii") as log:
            log.write(f"{what}: {seconds:.2f} s\n")
    return seconds


@pytest.fixture(scope="module")
def large(module_farms):
    module_farms.append(Farm(servers=1))
    return module_farms[-1]


def worker(daemon):
    return next((process["pid"] for process in daemon.status()["processes"] if process["name"] == "lvs"), 0)


def heavy_rows(lines):
    return sum(line.split()[3] == "7" for line in lines)


@pytest.mark.timeout(300)
def test_ten_thousand_servers(large):
    daemon = large.d1.run(text())
    until(large, lambda lines: len(lines) == TOTAL, "all servers in the table")
    daemon.wait_ready(60)

    daemon.configure(text(heavy=(40, 40)))
    daemon.signal(signal.SIGHUP)
    until(large, lambda lines: heavy_rows(lines) == 1, "one weight changed by a reload")
    assert fewest_of(large, TOTAL) == TOTAL

    dead = worker(daemon)
    os.kill(dead, signal.SIGKILL)
    fewest, end = TOTAL, time.monotonic() + 60
    while worker(daemon) in (dead, 0) and time.monotonic() < end:
        fewest = fewest_of(large, fewest)
    settle = time.monotonic() + 5
    while time.monotonic() < settle:
        fewest = fewest_of(large, fewest)
    assert worker(daemon) not in (dead, 0)
    assert fewest == TOTAL

    daemon.configure(text(range(SERVICES - 1), heavy=(40, 40)))
    daemon.signal(signal.SIGHUP)
    until(large, lambda lines: len(lines) == TOTAL - SERVERS, "one service gone by a reload")
    assert len(ipvs.table(large.d1)) == SERVICES - 1

    daemon.signal(signal.SIGTERM)
    until(large, lambda lines: not lines, "table emptied by the stop")
