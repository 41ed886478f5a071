# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten thousand real servers: a start, a reload, a stop and the death of a worker, in the kernel.

The limits are those of an emulated guest, many times slower than a machine; what they must
exclude is work that grows with the square of the number. It runs alone: the kernel counts the
services of every namespace for the place in a list, and leaves out rows while others come and go.
HF_SCALE_LOG names a file for the times.
"""
import contextlib
import os
import signal
import subprocess
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
    wait_until(lambda: condition(rows(farm)), what=what, timeout=limit, interval=0.02)
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


CROWD = 400     # services of one group: their dump takes several messages


def crowd(farm, *names):
    servers = [configs.real_server(farm.real(name), check="") for name in names]
    entries = "".join(f"    10.9.{i // 100}.{i % 100 + 1} 80\n" for i in range(CROWD))
    return configs.config(f"virtual_server_group G {{\n{entries}}}\n", configs.virtual_server("group G", servers))


@contextlib.contextmanager
def others_come_and_go(farm):
    """In another namespace, as long as it lasts. What is being added when it ends is added to the end, and
    removed: as long as services are left there, /proc leaves out rows of all others, again and again."""
    lines = "".join(f"-A -t 10.7.0.{i + 1}:80 -s rr\n" for i in range(200))
    path, go_on = farm.write("others", lines), farm.write("go-on", "")
    with subprocess.Popen(ns.command(farm.s3.namespace, [
            "sh", "-c", f"while [ -e {go_on} ]; do ipvsadm -R < {path}; ipvsadm -C; done"])):
        try:
            yield
        finally:
            os.unlink(go_on)


def wrong(farm, names):
    """The services that have not just these servers."""
    wanted = {farm.real(name): 1 for name in names}
    table = ipvs.table(farm.d1)
    return [name for name, service in table.items() if service.weights() != wanted] + ["?"] * (CROWD - len(table))


@pytest.mark.timeout(300)
def test_while_others_come_and_go(farm):
    """The kernel counts the services of every namespace for the place in a list, so that one read
    meanwhile lacks some. Reloads look at what is there: nothing is forgotten, nothing refused."""
    daemon = farm.d1.run(crowd(farm, "s1", "s2"))
    wait_until(lambda: not wrong(farm, ["s1", "s2"]), what="the services", timeout=60, interval=0.5)
    daemon.wait_ready(60)
    for round_ in range(6):
        names = ["s1", "s3" if round_ % 2 == 0 else "s2"]
        with others_come_and_go(farm):
            time.sleep(1)
            daemon.reload(crowd(farm, *names))
            daemon.wait_log(f"generation {round_ + 2} is in force", 60)
        wait_until(lambda: not wrong(farm, names), what="the new servers", timeout=60, interval=0.5)   # pylint: disable=cell-var-from-loop
    assert not daemon.logged("refuses")
