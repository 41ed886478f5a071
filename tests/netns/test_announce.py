# SPDX-License-Identifier: GPL-2.0-or-later
"""Gratuitous ARP and unsolicited neighbour advertisements: form, counts, times."""
import ipaddress
import struct

from common import VIP, better, config, instance, near, settle, stall, v2
from netlab import packets, wait_until


def bytes_of(text):
    return bytes.fromhex(text.replace(" ", ""))


def test_gratuitous_arp_is_the_recorded_one(lab):
    lab.a.run(config())
    lab.wire.wait_advert("a")
    settle(0.2)
    assert lab.wire.garps("a")[0].raw == bytes_of(
        "ffffffffffff 020000000001 0806 0001 0800 06 04 0001"
        "020000000001 c0000264 ffffffffffff c0000264")


def test_neighbour_advertisement_is_the_recorded_one(lab):
    lab.a.run(config(instance(vips=["2001:db8::100/64"], extra="native_ipv6")))
    lab.wire.wait_advert("a")
    settle(0.2)
    na = lab.wire.nas("a", target="2001:db8::100")[0]
    assert (na.destination_mac, na.source, na.hop_limit) == ("33:33:00:00:00:01", "2001:db8::100", 255)
    assert na.flags & 0xE0 == 0x20 and na.target_mac == "02:00:00:00:00:01"
    body = na.raw[54:]
    pseudo = (ipaddress.ip_address(na.source).packed + ipaddress.ip_address(na.destination).packed
              + struct.pack("!II", len(body), 58))
    assert packets.checksum(pseudo + body) == 0


def test_router_flag_follows_forwarding(lab):
    lab.a.sysctl("net.ipv6.conf.all.forwarding", 1)
    lab.a.run(config(instance(vips=["2001:db8::100/64"])))
    lab.wire.wait_advert("a")
    settle(0.2)
    assert lab.wire.nas("a", target="2001:db8::100")[0].flags & 0xE0 == 0xA0


def test_five_rounds_over_all_addresses_after_the_advert(lab):
    vips = ["192.0.2.100/24", "192.0.2.101/24"]
    lab.a.run(config(v2(vips=vips, priority=255, state="MASTER",
                        extra="virtual_ipaddress_excluded {\n192.0.2.150/24\n}")))
    advert = lab.wire.wait_advert("a")
    settle(0.4)
    garps = lab.wire.garps("a")
    assert [g.sender for g in garps] == ["192.0.2.100", "192.0.2.101", "192.0.2.150"] * 5
    assert advert.time <= garps[0].time and garps[-1].time - garps[0].time < 0.05 + stall()


def test_repeat_and_delay_set_the_blocks(lab):
    lab.a.run(config(instance(extra="garp_master_repeat 2\ngarp_master_delay 1")))
    start = lab.wire.wait_advert("a").time
    settle(1.6)
    times = [g.time - start for g in lab.wire.garps("a")]
    assert len(times) == 4
    assert max(times[:2]) < 0.1 + stall() and near(times[2], 1.0) and near(times[3], 1.0)


def test_second_block_comes_after_five_seconds_by_default(lab):
    lab.a.run(config(instance(extra="garp_master_repeat 1")))
    start = lab.wire.wait_advert("a").time
    settle(5.4)
    times = [g.time - start for g in lab.wire.garps("a")]
    assert len(times) == 2 and near(times[1], 5.0)


def test_delay_zero_means_no_second_block(lab):
    lab.a.run(config(instance(extra="garp_master_repeat 1\ngarp_master_delay 0")))
    lab.wire.wait_advert("a")
    settle(1.5)
    assert len(lab.wire.garps("a")) == 1


@better("2.2.7 starts a period earlier")
def test_refresh_repeats(lab):
    lab.a.run(config(instance(extra="garp_master_repeat 1\ngarp_master_delay 1\ngarp_master_refresh 1\n"
                                    "garp_master_refresh_repeat 2")))
    start = lab.wire.wait_advert("a").time
    wait_until(lambda: len(lab.wire.garps("a")) >= 6, what="six announcements")
    settle(0.4)
    times = [g.time - start for g in lab.wire.garps("a")]
    assert len(times) == 6 and all(near(*pair, 0.5, 0.5) for pair in zip(times, [0, 1, 2, 2, 3, 3])), times


@better("2.2.7 sends rounds address by address")
def test_garp_interval_spaces_the_announcements(lab):
    text = config(instance(vips=["192.0.2.100/24", "192.0.2.101/24"], extra="garp_master_repeat 3"),
                  extra="")
    text += "garp_group {\ngarp_interval 0.2\ninterface eth0\n}\n"
    lab.a.run(text)
    lab.wire.wait_advert("a")
    settle(1.4)
    garps = lab.wire.garps("a")
    assert [g.sender for g in garps] == ["192.0.2.100", "192.0.2.101"] * 3
    gaps = [b.time - a.time for a, b in zip(garps, garps[1:])]
    assert all(near(gap, 0.2, 0.03, 0.06) for gap in gaps), gaps


def test_global_defaults_apply_to_instances(lab):
    lab.a.run(config(extra="vrrp_garp_master_repeat 3\nvrrp_garp_master_delay 1"))
    start = lab.wire.wait_advert("a").time
    settle(1.5)
    times = [g.time - start for g in lab.wire.garps("a")]
    assert len(times) == 6 and all(near(*pair, 0.5, 0.5) for pair in zip(times, [0, 0, 0, 1, 1, 1])), times


def test_leaving_master_ends_the_announcements(lab):
    lab.a.run(config(instance(extra="garp_master_delay 1\ngarp_master_refresh 1")))
    lab.wire.wait_advert("a")
    lab.b.router(vrid=51, priority=200)
    lab.a.wait_has_not(VIP)
    left = lab.now()
    settle(2.4)
    assert not lab.wire.garps("a", since=left)


def test_refreshes_do_not_multiply_with_each_mastership(lab):
    lab.a.run(config(instance(extra="garp_master_repeat 1\ngarp_master_delay 1\ngarp_master_refresh 1\n"
                                    "garp_lower_prio_repeat 0")))
    lab.wire.wait_advert("a")
    settle(1.2)
    for _ in range(3):
        lab.b.send_advert(vrid=51, priority=200, interval=0.1)
        lab.a.wait_has_not(VIP)
        lab.a.wait_has(VIP)
    settle(1.5)
    start = lab.now()
    settle(3.0)
    assert 2 <= len(lab.wire.garps("a", since=start)) <= 4


def test_nothing_is_announced_by_a_backup(lab):
    lab.b.router(vrid=51, priority=200)
    lab.a.run(config()).listening()
    settle(0.8)
    assert not lab.wire.garps("a")


@better("keepalived says nothing after an overlap")
def test_survivor_of_an_overlap_announces_again_at_0_1_and_5_seconds(lab):
    lab.a.run(config(instance(extra="garp_master_repeat 1\ngarp_master_delay 0\ngarp_lower_prio_repeat 0")))
    lab.wire.wait_advert("a")
    settle(0.3)
    router = lab.b.router(vrid=51, priority=50)
    settle(0.5)
    over = router.stop()
    settle(6.0)
    times = [g.time - over for g in lab.wire.garps("a", since=over - 0.45)]
    for expected in (1, 5):
        assert any(near(t, expected, 0.2, 0.5) for t in times), times
    assert any(t < 0.6 for t in times), times


@better("keepalived has one line for each advert and no record")
def test_dual_master_is_one_log_line_and_in_status(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    router = lab.b.router(vrid=51, priority=50)
    settle(0.8)
    lines = daemon.logged(r"^.*VI_1.*192\.0\.2\.2.*$")
    assert 1 <= len(lines) <= 2, [line.group(0) for line in lines]
    text = lines[0].group(0)
    assert "50" in text and "100" in text
    mine = daemon.instance("VI_1")
    assert mine["state"] == "MASTER"
    assert (mine["rival"]["address"], mine["rival"]["priority"]) == ("192.0.2.2", 50)
    router.stop()


def test_global_garp_interval(lab):
    lab.a.run(config(instance(vips=["192.0.2.100/24", "192.0.2.101/24"], extra="garp_master_repeat 1"),
                     extra="vrrp_garp_interval 0.2"))
    lab.wire.wait_advert("a")
    settle(0.6)
    garps = lab.wire.garps("a")
    assert len(garps) == 2 and near(garps[1].time - garps[0].time, 0.2, 0.03, 0.06)


def test_na_rounds_of_an_ipv6_instance(lab):
    lab.a.run(config(instance(vips=["fe80::100/64", "2001:db8::100/64"],
                              extra="garp_master_repeat 2\ngarp_master_delay 1")))
    start = lab.wire.wait_advert("a").time
    settle(1.5)
    nas = [n for n in lab.wire.nas("a", since=start - 0.01) if n.target in ("fe80::100", "2001:db8::100")]
    assert [n.target for n in nas] == ["fe80::100", "2001:db8::100"] * 4
    assert near(nas[4].time - start, 1.0)
