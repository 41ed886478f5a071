# SPDX-License-Identifier: GPL-2.0-or-later
"""holdfast beside FRR's vrrpd (version 3), both roles, IPv4 and IPv6.

vrrpd owns a virtual MAC by means of macvlan devices. It follows RFC 5798 in the checksum question
(pseudo-header for IPv4 too).
"""
import os
import time

import pytest

from netlab.configs import config, instance, master_down
from netlab.daemons import Frr
from netlab.metronome import stall

pytestmark = pytest.mark.skipif(not os.path.exists(f"{Frr.directory_of_daemons}/vrrpd"),
                                reason="no FRR installed")

VRID = 51
FAMILIES = {
    4: {"vip": "192.0.2.100", "prefix": 24, "statement": "ip"},
    6: {"vip": "fe80::100", "prefix": 64, "statement": "ipv6"},
}


@pytest.fixture(params=FAMILIES, ids=["IPv4", "IPv6"])
def family(request):
    return request.param


def frr(node, family, priority, centiseconds=20):
    """vrrpd with one virtual router on eth0."""
    about = FAMILIES[family]
    Frr.macvlan(node, VRID, f"{about['vip']}/{about['prefix']}", family=family)
    text = (f"interface eth0\n vrrp {VRID} version 3\n vrrp {VRID} priority {priority}\n"
            f" vrrp {VRID} advertisement-interval {centiseconds * 10}\n"
            f" vrrp {VRID} {about['statement']} {about['vip']}\n")
    return node.run(text, "frr")


def ours_config(family, priority):
    about = FAMILIES[family]
    return config(instance(priority=priority, interval=0.2, vips=[f"{about['vip']}/{about['prefix']}"]))


def test_frr_follows_a_better_holdfast_and_takes_over(lab, ours, family):
    a = lab.a.run(ours_config(family, 150), ours)
    lab.wire.wait_advert("a", count=2)
    frr(lab.b, family, 100)
    time.sleep(2)
    start = lab.now()
    time.sleep(0.8)
    assert not lab.wire.adverts("b", since=start), "vrrpd does not accept our adverts"
    assert a.stop() == 0
    zero = lab.wire.wait_advert("a", priority=0).time
    takeover = lab.wire.wait_advert("b", since=zero).time
    assert takeover - zero < master_down(100, 0.2) + 0.1 + stall()


def test_holdfast_follows_a_better_frr_and_takes_over(lab, ours, family):
    b = frr(lab.b, family, 200)
    lab.wire.wait_advert("b", count=3)
    lab.a.run(ours_config(family, 100), ours).listening()
    time.sleep(1.5)
    assert not lab.wire.adverts("a"), "we do not accept vrrpd's adverts"
    b.kill()
    last = lab.wire.adverts("b")[-1].time
    takeover = lab.wire.wait_advert("a").time
    assert master_down(100, 0.2) - 0.02 < takeover - last < master_down(100, 0.2) + 0.15 + stall()


def test_preemption_of_frr_by_holdfast(lab, ours, family):
    frr(lab.b, family, 100)
    lab.wire.wait_advert("b", count=2)
    lab.a.run(ours_config(family, 200), ours)
    first = lab.wire.wait_advert("a").time
    time.sleep(0.6)
    assert not lab.wire.adverts("b", since=first + 0.25), "vrrpd did not yield"
    assert lab.a.has(FAMILIES[family]["vip"])
