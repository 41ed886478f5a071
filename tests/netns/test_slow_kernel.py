# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel lets a change of addresses wait, as it does while other namespaces come and go: elections go on.

A gate (tests/netlab/preload/address_gate.c) stands in for the kernel's lock; tests/lvs/test_busy_kernel.py is about
the real one.
"""
import contextlib
import os
import signal
import subprocess

import pytest

from common import VIP, config, holdfast_only, instance, settle, stall
from netlab import Arp, wait_until

pytestmark = [holdfast_only]

SOURCE = os.path.join(os.path.dirname(__file__), "..", "netlab", "preload", "address_gate.c")
INTERVAL = 0.1
GAP = 2.5 * INTERVAL  # between two adverts of a master; a peer waits for three and its skew
FORGED = 1  # the interval of a forged master: nobody takes over from it because this machine stands still
OTHER = "192.0.2.101"
BOTH = (instance("VI_1", 51, interval=INTERVAL), instance("VI_2", 52, interval=INTERVAL, vips=(f"{OTHER}/24",)))


class Gate:
    def __init__(self, lab):
        self.path = lab.path("gate")
        library = lab.path("gate.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
        self.env = {"LD_PRELOAD": library, "ADDRESS_GATE": self.path}

    @contextlib.contextmanager
    def closed(self):
        with open(self.path, "x", encoding="ascii"):
            pass
        try:
            yield
        finally:
            os.unlink(self.path)


@pytest.fixture
def gate(lab):
    return Gate(lab)


@pytest.fixture
def half_master(lab, gate):
    """a is master of 51 and backup of 52, whose master is a forged one on b: (daemon, that master)."""
    master = lab.b.router(vrid=52, priority=200, addresses=(OTHER,), interval=FORGED)
    daemon = lab.a.run(config(*BOTH), env=gate.env)
    lab.a.wait_has(VIP)
    obeys(lab, daemon)
    lab.a.wait_has_not(OTHER)
    return daemon, master


def obeys(lab, daemon):
    """Waits until a is backup of 52 and knows b as the master."""
    def does():
        about = daemon.instance("VI_2")
        return about and about["state"] == "BACKUP" and (about["master"] or {}).get("address") == lab.b.address()
    wait_until(does, 20, "a is backup of 52")


def longest_gap(lab, since, **fields):
    times = [since, *(advert.time for advert in lab.wire.adverts("a", since=since, **fields)), lab.now()]
    return max(later - sooner for sooner, later in zip(times, times[1:]))


def test_adverts_go_on_while_an_address_waits(lab, gate, half_master):
    """Those of an instance that has nothing to do with it, and those of the one that waits."""
    daemon, master = half_master
    lab.b.run(config(instance("VI_1", 51, priority=50, interval=INTERVAL)))
    settle(0.5)
    began = lab.now()
    with gate.closed():
        taken = lab.wire.wait_advert("a", since=master.stop(priority_zero=True), vrid=52).time
        settle(2)
        assert not lab.a.has(OTHER)
        assert longest_gap(lab, began, vrid=51) < GAP + stall()
        assert longest_gap(lab, taken, vrid=52) < GAP + stall()
    lab.a.wait_has(OTHER)
    lab.wire.wait(Arp, since=taken, sender=OTHER)
    if stall() < INTERVAL:
        assert not lab.wire.adverts("b", since=began, vrid=51), "a needless takeover"
    assert {i["state"] for i in daemon.status()["instances"]} == {"MASTER"}


def test_a_master_that_comes_back_meanwhile_gets_its_address_back(lab, gate, half_master):
    daemon, master = half_master
    with gate.closed():
        taken = lab.wire.wait_advert("a", since=master.stop(priority_zero=True), vrid=52).time
        settle(0.3)
        lab.b.router(vrid=52, priority=200, addresses=(OTHER,), interval=FORGED)
        obeys(lab, daemon)
        settle(0.3)
    settle(0.5)
    lab.a.wait_has_not(OTHER)
    assert lab.a.has(VIP)
    settle(0.5)
    assert not lab.a.has(OTHER)
    assert not lab.wire.garps("a", since=taken, sender=OTHER)


def test_an_address_wanted_again_while_it_is_being_removed(lab, gate, half_master):
    _, master = half_master
    master.stop(priority_zero=True)
    lab.a.wait_has(OTHER)
    with gate.closed():
        better = lab.b.router(vrid=52, priority=200, addresses=(OTHER,), interval=FORGED)
        settle(0.5)
        assert lab.a.has(OTHER)
        since = better.stop(priority_zero=True)
        lab.wire.wait_advert("a", since=since, vrid=52)
        settle(0.3)
    opened = lab.now()
    settle(0.5)
    lab.a.wait_has(OTHER)
    lab.wire.wait(Arp, since=opened, sender=OTHER)
    settle(0.5)
    assert lab.a.has(OTHER) and lab.a.has(VIP)


def test_a_stop_takes_along_what_was_under_way(lab, gate, half_master):
    daemon, master = half_master
    with gate.closed():
        lab.wire.wait_advert("a", since=master.stop(priority_zero=True), vrid=52)
        settle(0.2)
        daemon.signal(signal.SIGTERM)
        settle(0.5)
        assert daemon.running()
    daemon.wait_exit()
    assert not lab.a.addresses()


def test_a_stop_that_takes_too_long_leaves_no_address(lab, gate):
    """The worker is killed with its request: what it had still to remove is the supervisor's then."""
    daemon = lab.a.run("child_wait_time 1\n" + config(*BOTH), env=gate.env)
    lab.a.wait_has(VIP)
    lab.a.wait_has(OTHER)
    with gate.closed():
        daemon.signal(signal.SIGTERM)
        daemon.wait_log("the vrrp worker did not stop in time, killed")
    daemon.wait_exit()
    assert not lab.a.addresses()


def test_a_backup_that_dies_with_its_request_leaves_no_address(lab, gate):
    daemon = lab.a.run(config(*BOTH), "holdfast-as-keepalived", env=gate.env, options=["-R"])
    lab.a.wait_has(VIP)
    lab.a.wait_has(OTHER)
    with gate.closed():
        lab.b.router(vrid=52, priority=200, addresses=(OTHER,), interval=INTERVAL)
        daemon.wait_log(r"\(VI_2\) Entering BACKUP STATE", count=2)
        settle(0.2)
        os.kill(daemon.worker(), signal.SIGKILL)
        settle(0.2)
    daemon.wait_exit()
    assert not lab.a.addresses()


def test_a_backup_has_no_address_that_another_instance_has(lab):
    """Or the supervisor would take it from that one."""
    def conf(priority):
        return config(BOTH[0], instance("VI_2", 52, priority, interval=INTERVAL))
    lab.b.router(vrid=52, priority=200, addresses=(VIP,), interval=INTERVAL)
    daemon = lab.a.run(conf(100))
    lab.a.wait_has(VIP)
    daemon.reload(conf(90))
    wait_until(lambda: daemon.instance("VI_2")["priority"]["effective"] == 90, what="the new priority")
    settle(0.3)
    assert [daemon.instance(name)["vips"][0]["present"] for name in ("VI_1", "VI_2")] == [True, False]
    os.kill(daemon.worker(), signal.SIGKILL)
    wait_until(lambda: daemon.logged("is ready again after"), what="the next one")
    settle(0.3)
    assert [daemon.instance(name)["vips"][0]["present"] for name in ("VI_1", "VI_2")] == [True, False]


def test_a_reload_takes_along_what_was_under_way(lab, gate, half_master):
    daemon, master = half_master
    began = lab.now()
    with gate.closed():
        lab.wire.wait_advert("a", since=master.stop(priority_zero=True), vrid=52)
        settle(0.2)
        mark = daemon.log_mark()
        daemon.reload(config(BOTH[0]))
        settle(0.7)
        assert longest_gap(lab, began, vrid=51) < GAP + stall()
    daemon.wait_log("Reload complete", since=mark)
    lab.a.wait_has_not(OTHER)
    settle(0.5)
    assert not lab.a.has(OTHER) and lab.a.has(VIP)
    assert longest_gap(lab, began, vrid=51) < GAP + stall()


def test_a_worker_that_dies_meanwhile_is_followed_by_one_that_goes_on(lab, gate, half_master):
    daemon, master = half_master
    with gate.closed():
        lab.wire.wait_advert("a", since=master.stop(priority_zero=True), vrid=52)
        settle(0.2)
        killed = lab.now()
        os.kill(daemon.worker(), signal.SIGKILL)
        settle(0.5)
    lab.a.wait_has(OTHER)
    lab.wire.wait(Arp, since=killed, sender=OTHER)
    assert lab.a.has(VIP)


def test_the_board_has_what_is_under_way(lab, gate, half_master):
    """By it the supervisor removes the addresses of a worker that cannot be restarted."""
    daemon, master = half_master
    with gate.closed():
        lab.wire.wait_advert("a", since=master.stop(priority_zero=True), vrid=52)
        wait_until(lambda: all(a["present"] for i in daemon.status()["instances"] for a in i["vips"]), 20,
                   "the board has both addresses")


def test_rules_outlast_their_addresses(lab, gate):
    lab.a.run(config(instance(interval=INTERVAL, extra="no_accept")), env=gate.env)
    lab.a.wait_has(VIP)
    settle(0.3)
    with gate.closed():
        lab.b.router(vrid=51, priority=200, interval=FORGED)
        settle(0.6)
        assert lab.a.has(VIP) and VIP in lab.a.execute("nft", "list", "ruleset")
    lab.a.wait_has_not(VIP)
    wait_until(lambda: VIP not in lab.a.execute("nft", "list", "ruleset"), 20, "no rule without its address")


def test_the_thread_has_the_privileges_and_the_priority_of_the_worker(lab):
    daemon = lab.a.run(config(*BOTH))
    lab.a.wait_has(VIP)
    worker = daemon.worker()
    threads = [int(name) for name in os.listdir(f"/proc/{worker}/task")]
    assert len(threads) == 2

    def facts(thread):
        with open(f"/proc/{worker}/task/{thread}/status", encoding="ascii") as handle:
            status = dict(line.split(":\t", 1) for line in handle)
        return ({name: status[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb", "NoNewPrivs")},
                os.sched_getparam(thread).sched_priority)
    assert facts(threads[0]) == facts(threads[1])
