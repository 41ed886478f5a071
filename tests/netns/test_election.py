# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is master: timers, priorities, ties, preemption. Node a runs the daemon; b is forged, or a
second daemon where both sides matter."""
import signal

import pytest

from common import VIP, better, config, instance, master_down, near, settle, stall, skew, v2
from netlab import Advert, wait_until


def roles(lab, since=0.0):
    """Which nodes sent adverts, in order of their last one."""
    last = {}
    for advert in lab.wire.adverts(since=since):
        last[advert.node] = advert
    return last


def test_backup_takes_over_after_the_master_down_interval(lab):
    router = lab.b.router(vrid=51, priority=200)
    daemon = lab.a.run(config()).listening()
    settle(0.8)
    assert not lab.wire.adverts("a")
    last = router.stop()
    assert near(lab.wire.wait_advert("a").time - last, master_down(100), 0.01, 0.05)
    daemon.wait_log("Entering MASTER STATE")


def test_v2_backup_takes_over_after_3_609_s(lab):
    router = lab.b.router(vrid=51, priority=200, version=2, interval=1)
    lab.a.run(config(v2())).listening()
    settle(1.5)
    last = router.stop()
    assert near(lab.wire.wait_advert("a").time - last, 3.609, 0.01, 0.05)


def test_priority_zero_is_followed_after_the_skew_time(lab):
    router = lab.b.router(vrid=51, priority=200)
    lab.a.run(config(instance(interval=0.5))).listening()
    settle(0.4)
    router.interval = 0.5
    settle(0.6)
    last = router.stop(priority_zero=True)
    # M was learned from the master: its interval counts
    assert near(lab.wire.wait_advert("a").time - last, skew(100, 0.5), 0.01, 0.05)


def test_v2_skew_does_not_depend_on_the_interval(lab):
    router = lab.b.router(vrid=51, priority=200, version=2, interval=1)
    lab.a.run(config(v2())).listening()
    settle(0.5)
    last = router.stop(priority_zero=True)
    assert near(lab.wire.wait_advert("a").time - last, 0.609, 0.01, 0.05)


def test_lower_priority_advert_is_discarded_and_leaves_the_timer_alone(lab):
    lab.b.router(vrid=51, priority=50)
    daemon = lab.a.run(config(instance(interval=0.3)))
    first = lab.wire.wait_advert("a")
    assert near(first.time - daemon.began, master_down(100, 0.3), late=0.35)
    daemon.wait_log(r"\(VI_1\) received lower priority \(50\) advert from 192\.0\.2\.2 - discarding")


def test_equal_priority_master_is_accepted_by_a_backup_whatever_its_address(lab):
    lab.b.router(vrid=51, priority=100, source="192.0.2.0")
    lab.a.run(config()).listening()
    settle(1.0)
    assert not lab.wire.adverts("a")


def test_nopreempt_backup_accepts_a_lower_master(lab):
    lab.b.router(vrid=51, priority=50)
    lab.a.run(config(instance(extra="nopreempt"))).listening()
    settle(1.0)
    assert not lab.wire.adverts("a")


def test_nopreempt_backup_takes_over_a_dead_lower_master(lab):
    router = lab.b.router(vrid=51, priority=50)
    lab.a.run(config(instance(extra="nopreempt"))).listening()
    settle(0.6)
    last = router.stop()
    assert near(lab.wire.wait_advert("a").time - last, master_down(100), 0.01, 0.05)


def test_preempt_delay_tolerates_a_lower_master_until_it_is_over(lab):
    lab.b.router(vrid=51, priority=50)
    daemon = lab.a.run(config(instance(extra="preempt_delay 1")))
    first = lab.wire.wait_advert("a")
    # the delay counts from the first low advert; then one master down interval from the last tolerated one
    assert 1.0 + master_down(100) - 0.15 < first.time - daemon.began < 1.0 + master_down(100) + 0.4


def test_preempt_delay_does_not_delay_a_start_alone(lab):
    daemon = lab.a.run(config(instance(extra="preempt_delay 5")))
    assert near(lab.wire.wait_advert("a").time - daemon.began, master_down(100), late=0.4)


def test_preemption_between_daemons_costs_no_address_to_nobody(lab):
    """The better router takes over; the other one yields at once and sends nothing more."""
    lab.b.run(config(instance(priority=100)))
    lab.wire.wait_advert("b", count=2)
    lab.a.run(config(instance(priority=150)))
    first = lab.wire.wait_advert("a")
    lab.b.wait_has_not(VIP)
    lab.a.wait_has(VIP)
    settle(0.3)
    assert not lab.wire.adverts("b", since=first.time + 0.01)
    assert 0 not in [a.priority for a in lab.wire.adverts()]


def test_master_yields_to_a_higher_priority_without_a_word(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    lab.a.wait_has(VIP)
    router = lab.b.router(vrid=51, priority=150)
    heard = lab.wire.wait_advert("b").time
    lab.a.wait_has_not(VIP)
    settle(0.4)
    assert not lab.wire.adverts("a", since=heard + 0.02)
    daemon.wait_log(r"\(VI_1\).* Master received advert from 192\.0\.2\.2 with higher priority 150, ours 100")
    last = router.stop()
    assert near(lab.wire.wait_advert("a", since=last).time - last, master_down(100), 0.01, 0.05)


def test_higher_prio_send_advert_answers_once_before_yielding(lab):
    lab.a.run(config(instance(interval=1, extra="higher_prio_send_advert")))
    lab.wire.wait_advert("a")
    settle(0.3)
    watch = lab.a.watch()
    sent = lab.b.advert_on_wire(vrid=51, priority=150, interval=1)
    answer = lab.wire.wait_advert("a", since=sent)
    assert answer.priority == 100 and answer.time - sent < 0.3 + stall()
    wait_until(lambda: watch.removed(VIP), what="the address gone")


@pytest.mark.parametrize("source,wins", [("192.0.2.0", True), ("192.0.2.200", False)])
def test_equal_priority_is_decided_by_address(lab, source, wins):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    lab.b.router(vrid=51, priority=100, source=source)
    if wins:
        settle(0.5)
        assert lab.a.has(VIP)
    else:
        lab.a.wait_has_not(VIP)
        daemon.wait_log("same priority 100 but higher IP address than ours")


def test_master_answers_a_lower_priority_advert_at_once(lab):
    daemon = lab.a.run(config(instance(interval=1)))
    lab.wire.wait_advert("a")
    settle(0.3)
    sent = lab.b.advert_on_wire(vrid=51, priority=50, interval=1)
    answer = lab.wire.wait_advert("a", since=sent)
    assert answer.time - sent < 0.1 + stall() and answer.priority == 100
    settle(0.1)
    # and announces its addresses: garp_lower_prio_repeat is garp_master_repeat, 5
    assert len(lab.wire.garps("a", since=sent, until=sent + 0.5)) == 5
    daemon.wait_log(r"Received advert from 192\.0\.2\.2 with lower priority 50, ours 100")


def test_lower_prio_no_advert_keeps_silent(lab):
    lab.a.run(config(instance(interval=1, extra="lower_prio_no_advert\ngarp_lower_prio_repeat 0")))
    first = lab.wire.wait_advert("a")
    settle(0.3)
    sent = lab.now()
    lab.b.send_advert(vrid=51, priority=50, interval=1)
    second = lab.wire.wait_advert("a", since=sent)
    assert near(second.time - first.time, 1.0)
    assert not lab.wire.garps("a", since=sent)


def test_garp_lower_prio_repeat_counts_the_rounds(lab):
    lab.a.run(config(instance(interval=1, extra="garp_lower_prio_repeat 2\ngarp_lower_prio_delay 1")))
    lab.wire.wait_advert("a")
    settle(0.3)
    sent = lab.b.advert_on_wire(vrid=51, priority=50, interval=1)
    settle(1.3)
    assert len(lab.wire.garps("a", since=sent, until=sent + 0.5)) == 2
    later = lab.wire.garps("a", since=sent + 0.6, until=sent + 1.3)
    assert len(later) == 2 and near(later[0].time - sent, 1.0)


def test_master_answers_priority_zero_at_once_and_stays(lab):
    lab.a.run(config(instance(interval=1)))
    lab.wire.wait_advert("a")
    settle(0.3)
    sent = lab.b.advert_on_wire(vrid=51, priority=0, interval=1)
    answer = lab.wire.wait_advert("a", since=sent)
    assert answer.priority == 100 and answer.time - sent < 0.3 + stall()
    assert lab.a.has(VIP) and not lab.wire.garps("a", since=sent)


def test_backup_learns_the_interval_of_a_v3_master(lab):
    router = lab.b.router(vrid=51, priority=200, interval=0.1)
    lab.a.run(config(instance(interval=2))).listening()
    settle(0.4)
    last = router.stop()
    first = lab.wire.wait_advert("a", since=last)
    assert near(first.time - last, master_down(100, 0.1), 0.01, 0.05)
    assert first.interval == 2
    second = lab.wire.wait_advert("a", since=first.time + 0.001)
    assert near(second.time - first.time, 2.0, 0.02, 0.1)


def test_yielding_master_learns_the_interval_of_the_winner(lab):
    lab.a.run(config(instance(interval=0.5)))
    lab.wire.wait_advert("a")
    router = lab.b.router(vrid=51, priority=200, interval=0.1)
    settle(0.4)
    last = router.stop()
    assert near(lab.wire.wait_advert("a", since=last).time - last, master_down(100, 0.1), 0.01, 0.05)


@better("2.2.7 does not know the keyword")
def test_owner_ignore_adverts(lab):
    lab.a.run(config(instance(priority=255, state="MASTER", extra="owner_ignore_adverts")))
    lab.wire.wait_advert("a", count=2)
    lab.b.router(vrid=51, priority=255, source="192.0.2.200")
    settle(0.6)
    assert lab.a.has(VIP)


@better("2.2.7 says please fix")
def test_two_owners_are_a_logged_configuration_error_and_the_lower_address_yields(lab):
    second = lab.b.run(config(instance(priority=255, state="MASTER")))
    lab.wire.wait_advert("b", count=2)
    first = lab.a.run(config(instance(priority=255, state="MASTER")))
    lab.wire.wait_advert("a")
    lab.a.wait_has_not(VIP)
    assert lab.b.has(VIP)
    message = "CONFIGURATION ERROR: local instance and .* are both configured as address owner, please resolve"
    assert first.wait_log(message) and second.logged(message)


def test_owner_returns_through_backup_after_a_link_failure(lab):
    daemon = lab.a.run(config(instance(priority=255, state="MASTER", interval=0.2)))
    lab.wire.wait_advert("a", count=2)
    lab.a.carrier(False)
    lab.a.wait_has_not(VIP)
    up, mark = lab.now(), daemon.log_mark()
    lab.a.carrier(True)
    first = lab.wire.wait_advert("a", since=up)
    assert near(first.time - daemon.told("Netlink reports eth0 up", mark, up), master_down(255, 0.2), 0.03, 0.2)
    assert daemon.logged(r"Entering BACKUP STATE")


def test_split_and_heal_leaves_the_higher_address(lab):
    first, second = lab.a.run(config()), lab.b.run(config())
    lab.wire.wait_advert(count=3)
    lab.b.carrier(False)
    settle(0.2)
    # b is in FAULT without carrier, so cut the path instead: take b off the bridge
    lab.b.carrier(True)
    lab.b.wait_has_not(VIP)
    from netlab import ns
    ns.run("ip", "-n", lab.switch, "link", "set", "b0", "nomaster")
    lab.a.wait_has(VIP)
    lab.b.wait_has(VIP)
    ns.run("ip", "-n", lab.switch, "link", "set", "b0", "master", "br0")
    healed = lab.now()
    lab.a.wait_has_not(VIP)
    settle(0.3)
    assert lab.b.has(VIP)
    assert first.logged("same priority 100 but higher IP address than ours")
    assert not lab.wire.adverts("a", since=healed + 0.25)
    assert second.running()


def test_graceful_stop_hands_over_in_the_skew_time(lab):
    first = lab.a.run(config(instance(priority=150)))
    lab.wire.wait_advert("a", count=2)
    lab.b.run(config(instance(priority=100))).listening()
    settle(0.6)
    first.signal(signal.SIGTERM)
    zero = lab.wire.wait_advert("a", priority=0)
    assert near(lab.wire.wait_advert("b").time - zero.time, skew(100), 0.01, 0.06)
    assert first.wait_exit() == 0
    assert not lab.a.has(VIP) and lab.b.has(VIP)


def test_killed_master_is_replaced(lab):
    first = lab.a.run(config(instance(priority=150)))
    lab.wire.wait_advert("a", count=2)
    lab.b.run(config(instance(priority=100))).listening()
    settle(0.6)
    first.kill()
    last = lab.wire.adverts("a")[-1].time
    takeover = lab.wire.wait_advert("b")
    assert near(takeover.time - last, master_down(100), 0.01, 0.06)
    assert lab.wire.wait(type(lab.wire.garps("a")[0]), node="b", sender=VIP).time - takeover.time < 0.05 + stall()


def test_three_routers_elect_the_best_and_then_the_next_best(make_lab):
    lab = make_lab("abc")
    daemons = [node.run(config(instance(priority=priority)))
               for node, priority in zip(lab.nodes, (200, 150, 100))]
    lab.a.wait_has(VIP)
    daemons[0].kill()
    lab.wire.wait_advert("b")
    settle(0.3)
    daemons[1].kill()
    lab.wire.wait_advert("c")
    assert [a.priority for a in lab.wire.adverts("c")][0] == 100


def test_ipv6_pair_elects_and_hands_over(lab):
    vips = ["fe80::100/64", "2001:db8::100/64"]
    first = lab.a.run(config(instance(priority=150, vips=vips)))
    lab.wire.wait_advert("a", count=2)
    lab.b.run(config(instance(priority=100, vips=vips))).listening()
    settle(0.5)
    assert not lab.wire.adverts("b")
    assert first.stop() == 0
    lab.b.wait_has("2001:db8::100")
    assert not lab.a.has("2001:db8::100")


def test_unicast_pair_elects_and_hands_over(lab):
    def peer(me, other, priority):
        return config(instance(priority=priority,
                               extra=f"unicast_src_ip {me}\nunicast_peer {{\n{other}\n}}"))
    first = lab.a.run(peer("192.0.2.1", "192.0.2.2", 150))
    lab.wire.wait_advert("a", count=2)
    lab.b.run(peer("192.0.2.2", "192.0.2.1", 100)).listening()
    settle(0.6)
    assert not lab.wire.adverts("b")
    assert first.stop() == 0
    lab.b.wait_has(VIP)
    assert {a.destination for a in lab.wire.select(Advert)} == {"192.0.2.1", "192.0.2.2"}


def test_equal_priority_and_address_is_a_warning_and_nothing_else(lab):
    lab.a.sysctl("net.ipv4.conf.all.accept_local", 1)  # else the kernel drops it as a martian
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    lab.b.send_advert(vrid=51, priority=100, source="192.0.2.1", interval=0.1)
    daemon.wait_log("WARNING - equal priority advert received from remote host with our IP address")
    settle(0.2)
    assert lab.a.has(VIP) and 0 not in [a.priority for a in lab.wire.adverts("a")]


def test_priority_change_moves_the_running_timer_of_a_backup(lab):
    value = lab.write("value", "0\n")
    lab.a.run(config(f"track_file tf {{\nfile {value}\nweight 1\n}}\n",
                     instance(priority=1, interval=1, extra="track_file {\ntf\n}"))).listening()
    settle(0.4)
    sent = lab.b.advert_on_wire(vrid=51, priority=200, interval=1)
    settle(1.0)
    lab.write("value", "253\n")
    first = lab.wire.wait_advert("a")
    # 3.996 s with priority 1, 3.008 s with 254
    assert near(first.time - sent, master_down(254, 1), 0.03, 0.15) and first.priority == 254


def test_instance_back_from_fault_starts_with_its_own_interval(lab):
    router = lab.b.router(vrid=51, priority=200, interval=0.1)
    daemon = lab.a.run(config(instance(interval=0.4))).listening()
    settle(0.4)
    router.stop()
    lab.a.carrier(False)
    settle(0.3)
    up, mark = lab.now(), daemon.log_mark()
    lab.a.carrier(True)
    first = lab.wire.wait_advert("a", since=up).time
    assert near(first - daemon.told("Netlink reports eth0 up", mark, up), master_down(100, 0.4), 0.03, 0.2)


@better("2.2.7 stays at 255")
def test_owner_gives_way_to_another_that_persists_and_comes_back(lab):
    daemon = lab.a.run(config(instance(priority=255, state="MASTER")))
    lab.wire.wait_advert("a")
    other = lab.b.router(vrid=51, priority=255, source="192.0.2.0")
    lab.a.wait_has_not(VIP)
    daemon.wait_log("192.0.2.0")
    other.stop()
    lab.a.wait_has(VIP)
    lab.wire.wait_advert("a", since=lab.now(), priority=255)


def test_unicast_ipv6_pair_elects_hands_over_and_preempts(lab):
    def one(node, peer, priority):
        return config(instance(priority=priority, vips=["fe80::100/64", "2001:db8::100/64"],
                               extra=f"unicast_src_ip {node.address6()}\nunicast_peer {{\n{peer.address6()}\n}}"))
    first = lab.a.run(one(lab.a, lab.b, 150))
    lab.a.wait_has("2001:db8::100")
    lab.b.run(one(lab.b, lab.a, 100)).listening()
    settle(0.8)
    assert not lab.b.has("2001:db8::100")
    assert first.stop() == 0
    lab.b.wait_has("2001:db8::100")
    lab.a.run(one(lab.a, lab.b, 150))
    lab.a.wait_has("2001:db8::100")
    lab.b.wait_has_not("2001:db8::100")


def test_version_2_pair_over_ipv6(lab):
    first = lab.a.run(config(v2(priority=150, vips=["fe80::100/64"])))
    lab.a.wait_has("fe80::100")
    lab.b.run(config(v2(priority=100, vips=["fe80::100/64"]))).listening()
    settle(1.5)
    assert not lab.b.has("fe80::100")
    assert first.stop() == 0
    lab.b.wait_has("fe80::100")


def test_nopreempt_wins_over_preempt_delay(lab):
    lab.b.router(vrid=51, priority=100)
    lab.a.run(config(instance(priority=150, extra="nopreempt\npreempt_delay 1"))).listening()
    settle(2)
    assert not lab.wire.adverts("a")
