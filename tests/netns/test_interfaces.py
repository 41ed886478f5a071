# SPDX-License-Identifier: GPL-2.0-or-later
"""Carrier, administrative state, addresses, appearance and disappearance of interfaces."""
import pytest

from common import VIP, better, config, instance, master_down, near, settle, stall, skew
from netlab import wait_until


def test_carrier_loss_is_fault_and_the_address_leaves(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    watch = lab.a.watch()
    lab.a.carrier(False)
    lost = lab.now()
    assert wait_until(lambda: watch.removed(VIP))[0].time - lost < 0.1 + stall()
    daemon.wait_log("Entering FAULT STATE")


def test_carrier_back_goes_through_backup(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    lab.a.carrier(False)
    lab.a.wait_has_not(VIP)
    mark = daemon.log_mark()
    up = lab.now()
    lab.a.carrier(True)
    first = lab.wire.wait_advert("a", since=up).time
    assert near(first - daemon.told("Netlink reports eth0 up", mark, up), master_down(100), 0.02, 0.2)
    assert daemon.logged("Entering BACKUP STATE", mark)


def test_backup_takes_over_from_a_master_that_lost_carrier(lab):
    lab.a.run(config(instance(priority=150)))
    lab.wire.wait_advert("a", count=2)
    lab.b.run(config()).listening()
    settle(0.6)
    lab.a.carrier(False)
    lab.b.wait_has(VIP)
    lab.a.wait_has_not(VIP)


def test_administrative_down_and_up(lab):
    lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    lab.a.ip("link set eth0 down")
    lab.a.wait_has_not(VIP)
    up = lab.now()
    lab.a.ip("link set eth0 up")
    lab.wire.wait_advert("a", since=up)
    lab.a.wait_has(VIP)


def test_dont_track_primary_stays_master_without_carrier(lab):
    lab.a.run(config(instance(extra="dont_track_primary")))
    lab.wire.wait_advert("a", count=2)
    lab.a.carrier(False)
    settle(0.5)
    assert lab.a.has(VIP)


def test_primary_address_removed_and_added(lab):
    lab.a.sysctl("net.ipv4.conf.all.promote_secondaries", 1)
    daemon = lab.a.run(config(instance(vips=["192.0.2.100/32"])))
    lab.wire.wait_advert("a", count=2)
    lab.a.ip("addr del 192.0.2.1/24 dev eth0")
    lab.a.wait_has_not(VIP)
    daemon.wait_log("(?i)entering FAULT state")
    added = lab.now()
    lab.a.ip("addr add 192.0.2.1/24 dev eth0")
    assert near(lab.wire.wait_advert("a", since=added).time - added, master_down(100), 0.02, 0.2)


def test_source_address_removed_while_another_remains(lab):
    lab.a.sysctl("net.ipv4.conf.all.promote_secondaries", 1)
    lab.a.run(config(instance(vips=["192.0.2.100/32"])))
    lab.a.ip("addr add 198.51.100.9/24 dev eth0")
    assert lab.wire.wait_advert("a", count=2).source == "192.0.2.1"
    gone = lab.now()
    lab.a.ip("addr del 192.0.2.1/24 dev eth0")
    lab.wire.wait_advert("a", since=gone + 0.05, source="198.51.100.9")


def test_interface_deleted_and_made_again(lab):
    daemon = lab.a.run(config(extra="dynamic_interfaces"))
    lab.wire.wait_advert("a", count=2)
    from netlab import ns
    ns.run("ip", "-n", lab.switch, "link", "del", "a0")
    daemon.wait_log("(?i)entering FAULT state")
    lab.a.wait_has_not(VIP)
    again = lab.now()
    ns.run("ip", "-n", lab.switch, "link", "add", "a0", "type", "veth", "peer", "name", "eth0", "address",
           lab.a.mac(), "netns", lab.a.namespace)
    ns.run("ip", "-n", lab.switch, "link", "set", "a0", "master", "br0", "up")
    lab.a.ip("addr add 192.0.2.1/24 dev eth0")
    lab.a.ip("link set eth0 up")
    lab.a.wait_has(VIP)
    lab.wire.wait_advert("a", since=again)


@better("leaves the address where it is")
def test_renamed_interface_keeps_no_address(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    lab.a.ip("link set eth0 name other0")
    daemon.wait_log("(?i)entering FAULT state")
    lab.a.wait_has_not(VIP)
    lab.a.ip("link set other0 name eth0")
    lab.a.wait_has(VIP)


@better("the neighbours keep the old MAC")
def test_changed_mac_is_announced(lab):
    lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    settle(0.2)
    changed = lab.now()
    lab.a.ip("link set eth0 address 02:00:00:00:aa:01")
    wait_until(lambda: [g for g in lab.wire.garps("a", since=changed) if g.sender_mac == "02:00:00:00:aa:01"],
               what="announcement with the new MAC")


def test_device_of_a_vip_is_tracked(make_lab):
    lab = make_lab("ab", links=2)
    lab.a.run(config(instance(vips=["192.0.2.100/24", "198.51.100.100/24 dev eth1"])))
    lab.wire.wait_advert("a", count=2)
    lab.a.carrier(False, link=1)
    lab.a.wait_has_not(VIP)
    lab.a.carrier(True, link=1)
    lab.a.wait_has(VIP)


def test_tracked_interface_without_weight_is_fault(make_lab):
    lab = make_lab("ab", links=2)
    lab.a.run(config(instance(extra="track_interface {\neth1\n}")))
    lab.wire.wait_advert("a", count=2)
    start = lab.now()
    lab.a.carrier(False, link=1)
    lab.wire.wait_advert("a", since=start, priority=0)
    lab.a.wait_has_not(VIP)
    lab.a.carrier(True, link=1)
    lab.a.wait_has(VIP)


@pytest.mark.parametrize("weight,up,down", [(-30, 100, 70), (20, 120, 100)])
def test_tracked_interface_with_weight_changes_the_next_advert(make_lab, weight, up, down):
    lab = make_lab("ab", links=2)
    daemon = lab.a.run(config(instance(extra=f"track_interface {{\neth1 weight {weight}\n}}")))
    assert lab.wire.wait_advert("a").priority == up
    lab.a.carrier(False, link=1)
    told = daemon.told(rf"\(VI_1\) Changing effective priority from {up} to {down}", 0, None)
    first = lab.wire.wait_advert("a", priority=down).time
    assert told is None or first - told < 0.15 + stall()
    lab.a.carrier(True, link=1)
    lab.wire.wait_advert("a", priority=up, since=lab.now())


@better("two priority 0 adverts for one fault (section 19, 2)")
def test_fault_sends_one_priority_zero(make_lab):
    lab = make_lab("ab", links=2)
    lab.a.run(config(instance(extra="track_interface {\neth1\n}")))
    lab.wire.wait_advert("a", count=2)
    lab.a.carrier(False, link=1)
    lab.a.wait_has_not(VIP)
    settle(0.2)
    assert len(lab.wire.adverts("a", priority=0)) == 1


def test_peer_follows_a_fault_after_the_skew_time(make_lab):
    lab = make_lab("ab", links=2)
    lab.a.run(config(instance(priority=150, extra="track_interface {\neth1\n}")))
    lab.wire.wait_advert("a", count=2)
    lab.b.run(config()).listening()
    settle(0.6)
    lab.a.carrier(False, link=1)
    zero = lab.wire.wait_advert("a", priority=0)
    assert near(lab.wire.wait_advert("b").time - zero.time, skew(100), 0.01, 0.06)


def test_unicast_instance_announces_its_own_address_when_it_leaves_fault(lab):
    lab.a.run(config(instance(extra="unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}")))
    lab.wire.wait_advert("a", count=2)
    lab.a.carrier(False)
    lab.a.wait_has_not(VIP)
    up = lab.now()
    lab.a.carrier(True)
    lab.wire.wait_advert("a", since=up)
    assert lab.wire.garps("a", since=up, sender="192.0.2.1")


def test_flapping_link_ends_in_one_owner(lab):
    lab.a.run(config(instance(priority=150)))
    lab.b.run(config())
    lab.a.wait_has(VIP)
    for _ in range(10):
        lab.a.carrier(False)
        settle(0.05)
        lab.a.carrier(True)
        settle(0.05)
    settle(1.5)
    assert lab.a.has(VIP) and not lab.b.has(VIP)


def test_down_delay_hides_a_short_loss_of_carrier(lab):
    daemon = lab.a.run(config(instance(interval=1, priority=255, state="MASTER"))
                       + "interface_up_down_delays {\neth0 1\n}\n")
    lab.wire.wait_advert("a", count=2)
    lab.a.carrier(False)
    settle(0.3)
    lab.a.carrier(True)
    settle(1.5)
    assert lab.a.has(VIP) and not daemon.logged("(?i)entering FAULT")


def test_reverse_weight_of_an_interface(make_lab):
    lab = make_lab("ab", links=2)
    lab.a.run(config(instance(extra="track_interface {\neth1 weight 20 reverse\n}")))
    assert lab.wire.wait_advert("a").priority == 80
    lab.a.carrier(False, link=1)
    lab.wire.wait_advert("a", priority=100)
