# SPDX-License-Identifier: GPL-2.0-or-later
"""holdfast beside keepalived: every scenario with holdfast as the better and as the worse router.

2.2.7, Debian 12's, sends and expects the v3 IPv4 checksum with the pseudo-header, and drops adverts
with another list of addresses.
"""
import os
import signal
import time

import pytest

from netlab import configs
from netlab.configs import instance, master_down, skew, v2
from netlab.daemons import KEEPALIVED
from netlab.metronome import stall

pytestmark = pytest.mark.skipif(not os.path.exists(KEEPALIVED), reason="no keepalived installed")

VIP, VIP6 = "192.0.2.100", "fe80::100"
PASS = "authentication {\nauth_type PASS\nauth_pass s3cret\n}\n"


def config(*blocks):
    """With both real-time: else it is the load of this machine that decides who is master."""
    return configs.config(*blocks, extra="vrrp_rt_priority 1")


def unicast(priority, me):
    other = {"192.0.2.1": "192.0.2.2", "192.0.2.2": "192.0.2.1"}[me]
    return instance(priority=priority, extra=f"unicast_src_ip {me}\nunicast_peer {{\n{other}\n}}")


MODES = {
    "v2-PASS": (lambda priority, me: v2(priority=priority, extra=PASS), VIP, 1, 2),
    "v2-no-authentication": (lambda priority, me: v2(priority=priority), VIP, 1, 2),
    "v3-IPv4": (lambda priority, me: instance(priority=priority), VIP, 0.1, 3),
    "v3-IPv4-10-ms": (lambda priority, me: instance(priority=priority, interval=0.01), VIP, 0.01, 3),
    "v3-IPv6": (lambda priority, me: instance(priority=priority, vips=[VIP6 + "/64", "2001:db8::100/64"]),
                VIP6, 0.1, 3),
    "unicast": (unicast, VIP, 0.1, 3),
}


def kinds(ours, side):
    """The kinds of daemon on a (the better router) and b."""
    return (ours, "keepalived") if side == "ours-is-better" else ("keepalived", ours)


@pytest.fixture(params=["ours-is-better", "ours-is-worse"])
def side(request):
    return request.param


@pytest.fixture(params=MODES)
def mode(request):
    return MODES[request.param]


def pair(lab, ours, side, make):
    """Start a, then b; a (priority 150) is and stays master."""
    first, second = kinds(ours, side)
    a = lab.a.run(config(make(150, "192.0.2.1")), first)
    lab.wire.wait_advert("a", count=2)
    b = lab.b.run(config(make(100, "192.0.2.2")), second).listening()
    return a, b


def test_election_failover_and_return(lab, ours, side, mode):
    make, vip, interval, version = mode
    a, b = pair(lab, ours, side, make)
    time.sleep(max(4 * interval, 0.5) if version == 3 else 4.2)
    assert lab.a.has(vip) and not lab.b.has(vip) and not lab.wire.adverts("b")

    a.kill()
    last = lab.wire.adverts("a")[-1].time
    takeover = lab.wire.wait_advert("b").time
    expected = master_down(100, interval, version)
    assert expected - 0.01 < takeover - last < expected + 0.15 + stall()
    lab.b.wait_has(vip)

    back = lab.now()
    a.start()
    lab.wire.wait_advert("a", since=back)
    lab.b.wait_has_not(vip)
    time.sleep(2.5 * interval)
    assert lab.a.has(vip) and not lab.wire.adverts("b", since=lab.now() - 1.4 * interval)
    assert b.running()


def test_graceful_stop_is_followed_after_the_skew_time(lab, ours, side, mode):
    make, vip, interval, version = mode
    a, _ = pair(lab, ours, side, make)
    time.sleep(max(4 * interval, 0.5) if version == 3 else 1.5)
    a.signal(signal.SIGTERM)
    zero = lab.wire.wait_advert("a", priority=0)
    takeover = lab.wire.wait_advert("b", since=zero.time).time
    expected = skew(100, interval, version)
    assert expected - 0.01 < takeover - zero.time < expected + 0.1 + stall()
    assert a.wait_exit() == 0
    assert lab.b.has(vip) and not lab.a.has(vip)


@pytest.mark.parametrize("password", ["other", ""])
def test_wrong_password_is_refused_by_both(lab, ours, side, password):
    first, second = kinds(ours, side)
    lab.a.run(config(v2(priority=150, extra=PASS)), first)
    lab.wire.wait_advert("a")
    lab.b.run(config(v2(priority=100, extra=PASS.replace("s3cret", password) if password else "")), second)
    lab.wire.wait_advert("b")
    time.sleep(1.2)
    assert lab.a.has(VIP) and lab.b.has(VIP)


def test_nopreempt_on_both(lab, ours, side):
    first, second = kinds(ours, side)
    lab.b.run(config(instance(priority=100, extra="nopreempt")), second)
    lab.wire.wait_advert("b", count=2)
    lab.a.run(config(instance(priority=150, extra="nopreempt")), first).listening()
    time.sleep(1.2)
    assert lab.b.has(VIP) and not lab.a.has(VIP) and not lab.wire.adverts("a")


def test_equal_priority_settles_on_the_higher_address(lab, ours, side):
    first, second = kinds(ours, side)
    lab.a.run(config(instance(interval=0.1)), first)
    lab.b.run(config(instance(interval=0.1)), second)
    lab.wire.wait_advert(count=5)
    time.sleep(0.6)
    assert lab.a.has(VIP) != lab.b.has(VIP)


def test_different_intervals_are_learned(lab, ours, side):
    first, second = kinds(ours, side)
    a = lab.a.run(config(instance(priority=150, interval=0.1)), first)
    lab.wire.wait_advert("a", count=2)
    lab.b.run(config(instance(priority=100, interval=1)), second).listening()
    time.sleep(0.6)
    a.kill()
    last = lab.wire.adverts("a")[-1].time
    assert lab.wire.wait_advert("b").time - last < master_down(100, 0.1) + 0.1 + stall()


def sync(priority):
    return config("vrrp_sync_group G1 {\ngroup {\nVI_1\nVI_2\n}\n}\n",
                  instance("VI_1", 51, priority, "eth0"),
                  instance("VI_2", 52, priority, "eth1", vips=["198.51.100.100/24"]))


def test_sync_groups_move_together(make_lab, ours, side):
    lab = make_lab("ab", links=2)
    first, second = kinds(ours, side)
    lab.a.run(sync(150), first)
    lab.a.wait_has("198.51.100.100")
    lab.b.run(sync(100), second).listening()
    time.sleep(0.6)
    lab.a.carrier(False, link=1)
    for address in (VIP, "198.51.100.100"):
        lab.b.wait_has(address)
        lab.a.wait_has_not(address)
    back = lab.now()
    lab.a.carrier(True, link=1)
    lab.wire.wait_advert("a", since=back, link=1)
    for address in (VIP, "198.51.100.100"):
        lab.a.wait_has(address)
        lab.b.wait_has_not(address)


def test_priority_of_a_script_moves_the_role(lab, ours, side):
    first, second = kinds(ours, side)
    good = lab.write("good", "")
    script = lab.script("chk.sh", f"test -e {good}")
    lab.a.run(config(f"vrrp_script chk {{\nscript {script}\ninterval 1\nweight -20\nfall 1\n}}\n",
                     instance(priority=110, extra="track_script {\nchk\n}")), first)
    lab.a.wait_has(VIP)
    lab.b.run(config(instance(priority=100)), second).listening()
    time.sleep(0.5)
    os.unlink(good)
    lab.b.wait_has(VIP)
    lab.a.wait_has_not(VIP)
    lab.write("good", "")
    lab.a.wait_has(VIP)
    lab.b.wait_has_not(VIP)


def test_many_instances_share_the_load(lab, ours, side):
    """Ten instances, half better on a, half on b: the usual active-active pair."""
    def text(better):
        return config(*(instance(f"VI_{n}", n, 150 if n % 2 == better else 100, vips=[f"10.9.0.{n}/32"])
                        for n in range(1, 11)))
    first, second = kinds(ours, side)
    lab.a.run(text(0), first)
    lab.b.run(text(1), second).listening()
    time.sleep(2)
    for number in range(1, 11):
        owner, other = (lab.a, lab.b) if number % 2 == 0 else (lab.b, lab.a)
        assert owner.has(f"10.9.0.{number}") and not other.has(f"10.9.0.{number}")
