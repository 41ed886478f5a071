# SPDX-License-Identifier: GPL-2.0-or-later
"""Under load: a reload, and the death of a worker, cost no request."""
import contextlib
import os
import signal
import time

import pytest

from netlab import configs
from netlab.client import Connection, Load
from netlab.farm import VIP, VIPS
from netlab.wait import wait_until

SERVICE = f"tcp {VIP}:80"
ALL = {"s1": 1, "s2": 1, "s3": 1}


def text(farm, weights=None, extra="", more=()):
    reals = [configs.real_server(farm.real(name), weight=weight) for name, weight in (weights or ALL).items()]
    echo = [configs.real_server(farm.real(name), 7) for name in ALL]
    return configs.config(configs.virtual_server(f"{VIP} 80", reals, extra=extra, scheduler="wrr"),
                          configs.virtual_server(f"{VIP} 7", echo), *more)


@contextlib.contextmanager
def loaded(farm):
    """Two loads, connections new for each request and kept ones, and open connections, which must
    see nothing of what happens meanwhile."""
    loads = [Load(farm.client, VIP, keepalive=keepalive) for keepalive in (False, True)]
    held = [Connection(farm.client, VIP) for _ in range(3)]
    names = [one.server for one in held]
    try:
        for load in loads:
            load.wait(20)
        yield loads
        for load in loads:
            load.wait(20)
        assert [one.ask() for one in held] == names
        for load in loads:
            outcome = load.stop()
            assert not outcome.failures, outcome.failures
            assert outcome.requests >= 40
    finally:
        for one in held + loads:
            one.close()


class Watch:
    """The pool of a service, asked again and again; every state that it was in, in order."""

    def __init__(self, farm, service):
        self.farm, self.service, self.seen = farm, service, []

    def look(self):
        pool = self.farm.pool(self.service)
        if not self.seen or self.seen[-1] != pool:
            self.seen.append(pool)
        return pool

    def look_until(self, condition, timeout, what):
        wait_until(lambda: self.look() is not False and condition(), what=what, timeout=timeout, interval=0.01)

    def look_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.01)


@pytest.fixture
def running(farm):
    daemon = farm.d1.run(text(farm))
    farm.wait_pool(SERVICE, ALL)
    farm.wait_pool(f"tcp {VIP}:7", ALL)
    if daemon.kind == "holdfast":
        wait_until(lambda: daemon.status() and all(workers(daemon, name) for name in ("check", "lvs", "runner")),
                   what="all workers")
    return daemon


def test_reload_of_the_same(farm, running):
    watch = Watch(farm, SERVICE)
    with loaded(farm):
        for _ in range(4):
            running.reload()
            watch.look_for(1)
    assert watch.seen == [ALL]


def test_reload_that_changes(farm, running):
    """Weights, another service, and back: what stays is not touched."""
    new = configs.virtual_server(f"{VIPS[1]} 80", [configs.real_server(farm.real("s1"))])
    with loaded(farm):
        running.reload(text(farm, {"s1": 5, "s2": 1, "s3": 1}, more=[new]))
        farm.wait_pool(SERVICE, {"s1": 5, "s2": 1, "s3": 1})
        farm.wait_pool(f"tcp {VIPS[1]}:80", {"s1": 1})
        running.reload(text(farm))
        farm.wait_pool(SERVICE, ALL)
        wait_until(lambda: farm.pool(f"tcp {VIPS[1]}:80") is None, what="the other service gone")


def test_reload_that_adds_a_server(farm):
    daemon = farm.d1.run(text(farm, {"s1": 1, "s2": 1}))
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    farm.wait_pool(f"tcp {VIP}:7", ALL)
    with loaded(farm):
        daemon.reload(text(farm))
        farm.wait_pool(SERVICE, ALL)


def test_reload_keeps_the_verdicts(farm, running):
    """A server that was found dead does not come back by a reload, not even for a moment."""
    farm.kill("s2")
    farm.wait_pool(SERVICE, {"s1": 1, "s3": 1})
    watch = Watch(farm, SERVICE)
    for _ in range(3):
        running.reload()
        watch.look_for(1.5)
    assert watch.seen == [{"s1": 1, "s3": 1}]


def test_reload_with_an_error_changes_nothing(farm, running):
    watch = Watch(farm, SERVICE)
    with loaded(farm):
        running.reload("virtual_server {\n")
        watch.look_for(1.5)
        running.configure(text(farm))
    assert watch.seen == [ALL]


# -- the death of workers -----------------------------------------------------------------------

def workers(daemon, name):
    """Pids of the workers of one kind."""
    return [process["pid"] for process in daemon.status()["processes"]
            if process["name"].startswith(name) and process["pid"]]


@pytest.mark.holdfast_only
@pytest.mark.parametrize("name", ["check", "lvs", "runner"])
def test_a_killed_worker_costs_nothing(farm, running, name):
    """It is started again and takes over what is there: no healthy server ever leaves the table."""
    watch = Watch(farm, SERVICE)
    with loaded(farm):
        for _ in range(2):
            before = workers(running, name)
            assert before, running.status()["processes"]
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            watch.look_until(lambda old=before: (now := workers(running, name)) and not set(now) & set(old), 20,
                             f"{name} started again")
            watch.look_for(2)
    assert watch.seen == [ALL]


@pytest.mark.holdfast_only
@pytest.mark.parametrize("name", ["check", "lvs"])
def test_probes_go_on_after_the_death_of_a_worker(farm, running, name):
    """A server that dies after the worker did is found, one that returns as well."""
    for pid in workers(running, name):
        os.kill(pid, signal.SIGKILL)
    farm.kill("s3")
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    farm.revive("s3")
    farm.wait_pool(SERVICE, ALL)


@pytest.mark.holdfast_only
def test_a_server_that_died_with_the_worker_is_found(farm, running):
    """Both workers and a server at once: the new ones learn of it within the usual time."""
    pids = workers(running, "check") + workers(running, "lvs")
    farm.kill("s1")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    farm.wait_pool(SERVICE, {"s2": 1, "s3": 1})


@pytest.mark.holdfast_only
def test_a_crash_of_everything_leaves_the_table(farm, running):
    """Every process killed: traffic goes on, and the next start adopts the table."""
    watch = Watch(farm, SERVICE)
    with loaded(farm):
        running.kill()
        watch.look_for(1)
        running.start()
        running.wait_ready()
        watch.look_for(3)
    assert watch.seen == [ALL]
    farm.kill("s2")
    farm.wait_pool(SERVICE, {"s1": 1, "s3": 1})


@pytest.mark.holdfast_only
def test_drain(farm):
    """With drain_timeout a server removed by reload finishes its connections."""
    names = list(ALL)
    daemon = farm.d1.run(text(farm, extra="drain_timeout 20"))
    farm.wait_pool(SERVICE, ALL)
    held = [Connection(farm.client, VIP, 80, greet=False) for _ in names]
    with Load(farm.client, VIP) as load:
        load.wait(20)
        daemon.reload(text(farm, {"s1": 1, "s2": 1}, extra="drain_timeout 20"))
        farm.wait_pool(SERVICE, {"s1": 1, "s2": 1, "s3": 0})
        assert set(farm.ask(count=12)) == {"s1", "s2"}
        for one in held:
            one.send(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert sorted(one.read(b"\r\n\r\ns")[:12] for one in held) == [b"HTTP/1.1 200"] * 3
        for one in held:
            one.close()
        outcome = load.stop()
    assert not outcome.failures
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1}, timeout=40)
