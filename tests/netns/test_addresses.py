# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual addresses in the kernel."""
import json
import re

import pytest

from common import VIP, better, config, holdfast_only, instance, settle, stall, skew
from netlab import wait_until

IFA_F_NODAD, IFA_F_DEPRECATED = 0x02, 0x20


def address(node, text):
    return next(a for a in node.addresses() if a.address == text)


def test_vip_leaves_with_the_role_and_comes_back(lab):
    lab.a.run(config())
    lab.a.wait_has(VIP)
    router = lab.b.router(vrid=51, priority=200)
    lab.a.wait_has_not(VIP)
    router.stop()
    lab.a.wait_has(VIP)


def test_prefix_scope_label_and_device(make_lab):
    lab = make_lab("a", links=2)
    lab.a.run(config(instance(vips=["192.0.2.100/24 label eth0:vip", "192.0.2.101 scope link",
                                    "198.51.100.100/24 brd 198.51.100.255 dev eth1"])))
    lab.a.wait_has("198.51.100.100")
    first, second, third = (address(lab.a, a) for a in ("192.0.2.100", "192.0.2.101", "198.51.100.100"))
    assert (first.prefix, first.label) == (24, "eth0:vip")
    assert (second.prefix, second.scope) == (32, 253)
    assert third.interface == "eth1"
    listing = json.loads(lab.a.ip("-j addr show dev eth1"))[0]["addr_info"]
    assert any(a["local"] == "198.51.100.100" and a.get("broadcast") == "198.51.100.255" for a in listing)


@better("2.2.7 does not mark addresses")
def test_addresses_carry_the_protocol_of_keepalived(lab):
    lab.a.run(config())
    lab.a.wait_has(VIP)
    assert address(lab.a, VIP).protocol == 18


def test_ipv6_addresses_are_usable_at_once(lab):
    lab.a.sysctl("net.ipv6.conf.eth0.accept_dad", 1)
    lab.a.run(config(instance(vips=["2001:db8::100", "2001:db8::101/64"])))
    lab.a.wait_has("2001:db8::101")
    host, net = address(lab.a, "2001:db8::100"), address(lab.a, "2001:db8::101")
    assert host.prefix == 128 and host.flags & IFA_F_NODAD and host.flags & IFA_F_DEPRECATED
    assert net.prefix == 64 and net.flags & IFA_F_NODAD and not net.flags & IFA_F_DEPRECATED


def test_failing_address_does_not_keep_the_others_away(lab):
    lab.a.sysctl("net.ipv6.conf.eth0.disable_ipv6", 1)
    lab.a.run(config(instance(extra="virtual_ipaddress_excluded {\n2001:db8::150/64\n192.0.2.150/24\n}")))
    lab.a.wait_has(VIP)
    lab.a.wait_has("192.0.2.150")
    lab.wire.wait_advert("a", count=3)


def test_addresses_are_removed_at_stop(lab):
    daemon = lab.a.run(config(instance(extra="virtual_ipaddress_excluded {\n2001:db8::150/64\n}")))
    lab.a.wait_has("2001:db8::150")
    assert daemon.stop() == 0
    assert lab.a.addresses() == []


def test_vip_removed_by_hand_is_back_at_once(lab):
    """keepalived gives mastership up for a skew time and takes it again; better is to put it back."""
    daemon = lab.a.run(config(instance(interval=0.5)))
    lab.a.wait_has(VIP)
    settle(0.3)
    watch = lab.a.watch()
    lab.a.ip("addr del 192.0.2.100/24 dev eth0")
    removed = wait_until(lambda: watch.removed(VIP))[0].time
    back = wait_until(lambda: watch.added(VIP))[0].time
    assert back - removed < skew(100, 0.5) + 0.2 + stall()
    assert daemon.running()


@better("keepalived goes to BACKUP for the skew time")
def test_vip_removed_by_hand_costs_no_mastership(lab):
    lab.a.run(config(instance(interval=0.5)))
    lab.a.wait_has(VIP)
    settle(0.3)
    watch, start = lab.a.watch(), lab.now()
    lab.a.ip("addr del 192.0.2.100/24 dev eth0")
    removed = wait_until(lambda: watch.removed(VIP))[0].time
    assert wait_until(lambda: watch.added(VIP))[0].time - removed < 0.05 + stall()
    settle(0.6)
    assert 0 not in [a.priority for a in lab.wire.adverts("a", since=start)]
    assert lab.wire.garps("a", since=start, sender=VIP), "the returned address must be announced"


@holdfast_only
def test_mastership_is_given_up_if_the_vip_is_removed_again_and_again(lab):
    daemon = lab.a.run(config())
    lab.a.wait_has(VIP)
    start = lab.now()

    def fight():
        lab.a.ip("addr del 192.0.2.100/24 dev eth0", check=False)
        return lab.wire.adverts("a", since=start, priority=0)
    wait_until(fight, what="priority 0 after repeated removals", interval=0.02)
    assert daemon.wait_log("VI_1.*(Entering BACKUP|Entering FAULT).*removed")


def test_backup_does_not_care_for_the_removal_of_others_addresses(lab):
    lab.b.router(vrid=51, priority=200)
    lab.a.run(config())
    lab.a.ip("addr add 192.0.2.55/24 dev eth0")
    settle(0.5)
    lab.a.ip("addr del 192.0.2.55/24 dev eth0")
    settle(0.3)
    assert not lab.wire.adverts("a") and not lab.a.has(VIP)


def test_many_addresses_are_all_there_and_all_announced(lab):
    vips = [f"10.9.{n // 250}.{n % 250 + 1}/32" for n in range(150)]
    lab.a.run(config(instance(vips=vips, extra="garp_master_repeat 1")))
    first = lab.wire.wait_advert("a")
    assert len(first.addresses) == 150
    wait_until(lambda: len(lab.a.addresses()) == 150, what="150 addresses")
    settle(0.3)
    assert {g.sender for g in lab.wire.garps("a")} == {vip.split("/")[0] for vip in vips}


def test_600_addresses_do_not_delay_adverts(lab):
    count = 600
    vips = [f"10.9.{n // 250}.{n % 250 + 1}/32" for n in range(count)]
    lab.a.run(config(instance(vips=["192.0.2.100/24"],
                              extra="virtual_ipaddress_excluded {\n" + "\n".join(vips) + "\n}")))
    watch = lab.a.watch()
    first = lab.wire.wait_advert("a")
    wait_until(lambda: len(lab.a.addresses()) == count + 1, what=f"{count} addresses", interval=0.1)
    settle(1)
    times = [a.time for a in lab.wire.adverts("a", since=first.time)]
    # The kernel may let it wait for what others do with addresses: then for all of them as long as it took.
    all_of_them = watch.added(vips[-1].split("/")[0])[0].time - first.time
    late = max(after - before for before, after in zip(times, times[1:])) - 0.1
    assert late < max(0.04, all_of_them / 4), (late, all_of_them)


def test_addresses_beyond_the_advert_are_excluded_ones(lab):
    lab.a.ip("link set eth0 mtu 1280")
    vips = [f"10.9.{n // 250}.{n % 250 + 1}/32" for n in range(320)]
    daemon = lab.a.run(config(instance(vips=vips, extra="garp_master_repeat 1")))
    advert = lab.wire.wait_advert("a")
    assert len(advert.addresses) <= 255
    wait_until(lambda: len(lab.a.addresses()) == 320, what="320 addresses", interval=0.1)
    assert daemon.running()


@pytest.mark.parametrize("extra,present", [("no_accept", True), ("", False)])
def test_no_accept_installs_a_firewall_only_while_master(lab, extra, present):
    daemon = lab.a.run(config(instance(extra=extra)))
    lab.a.wait_has(VIP)
    settle(0.2)
    rules = lab.a.execute("nft", "list", "ruleset")
    assert bool(re.search(r"192\.0\.2\.100", rules)) == present
    reachable = lab.b.execute("ping", "-c", "1", "-W", "1", VIP, check=False)
    assert ("1 received" in reachable) != present
    daemon.stop()
    assert "192.0.2.100" not in lab.a.execute("nft", "list", "ruleset")
