# SPDX-License-Identifier: GPL-2.0-or-later
"""What an advert looks like, byte by byte (RFC 3768, 5798, 9568; auth_type PASS of RFC 2338)."""
import signal

from common import VIP, VRID, become_master, better, config, instance, near, stall, v2
from netlab.packets import Igmp


def bytes_of(text):
    return bytes.fromhex(text.replace(" ", ""))


PASS = "authentication {\nauth_type PASS\nauth_pass s3cret\n}"


def test_v2_advert_with_password_is_the_recorded_one(lab):
    lab.a.run(config(v2(extra=PASS, vips=["192.0.2.100/24", "192.0.2.101/24"])))
    advert = lab.wire.wait_advert("a")
    assert advert.raw[:58] == bytes_of(
        "01005e000012 020000000001 0800"
        "45c0 002c 0001 0000 ff70 188d c0000201 e0000012"
        "21 33 64 02 01 01 b8e4 c0000264 c0000265 7333637265740000")


def test_v3_ipv4_advert_is_the_recorded_one(lab):
    lab.a.run(config(instance(priority=150, interval=0.5)))
    assert lab.wire.wait_advert("a").raw[:46] == bytes_of(
        "01005e000012 020000000001 0800 45c0 0020 0001 0000 ff70 1899 c0000201 e0000012"
        "31 33 96 01 0032 d3a3 c0000264")


@better("2.2.7 does not know v3_checksum_as_v2")
def test_v3_checksum_as_v2_leaves_the_pseudo_header_out(lab):
    lab.a.run(config(instance(vrid=52, vips=["192.0.2.101/24"], interval=1, priority=150,
                              extra="v3_checksum_as_v2")))
    advert = lab.wire.wait_advert("a")
    assert advert.checksum == "plain"
    assert advert.pdu == bytes_of("31 34 96 01 0064 7600 c0000265")


def test_v3_ipv6_advert_is_the_recorded_one(lab):
    lab.a.run(config(instance(priority=200, interval=1, vips=["fe80::100/64", "2001:db8::100/128",
                                                              "2001:db8::101/64"])))
    advert = lab.wire.wait_advert("a")
    assert advert.raw[:14] == bytes_of("333300000012 020000000001 86dd")
    assert (advert.source, advert.destination, advert.ttl, advert.tos) == ("fe80::ff:fe00:1", "ff02::12", 255, 0xC0)
    assert advert.pdu == bytes_of(
        "31 33 c8 03 0064 ac31 fe800000000000000000000000000100"
        "20010db8000000000000000000000100 20010db8000000000000000000000101")


def test_ipv6_with_version_2_has_no_authentication_data(lab):
    lab.a.run(config(v2(vrid=14, vips=["fe80::100/64"])))
    advert = lab.wire.wait_advert("a")
    assert len(advert.pdu) == 24 and advert.pdu[:6] == bytes_of("21 0e 64 01 00 01")
    assert advert.checksum == "pseudo"


def test_leaving_advert_has_priority_zero_and_the_next_id(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=3)
    daemon.signal(signal.SIGTERM)
    lab.wire.wait_advert("a", priority=0)
    daemon.wait_exit()
    adverts = lab.wire.adverts("a")
    assert [a.priority for a in adverts].count(0) == 1 and adverts[-1].priority == 0
    assert [a.ident for a in adverts] == list(range(1, len(adverts) + 1))


def test_no_authentication_data_is_zeros(lab):
    lab.a.run(config(v2()))
    advert = lab.wire.wait_advert("a")
    assert advert.auth_type == 0 and advert.auth == bytes(8) and advert.checksum == "plain"


def test_excluded_addresses_are_not_advertised(lab):
    lab.a.run(config(instance(extra="virtual_ipaddress_excluded {\n192.0.2.150/24\n2001:db8::150/64\n}")))
    assert lab.wire.wait_advert("a").addresses == (VIP,)
    lab.a.wait_has("192.0.2.150")
    lab.a.wait_has("2001:db8::150")


def test_adverts_follow_at_the_interval(lab):
    lab.a.run(config())
    lab.wire.wait_advert("a", count=13)
    times = [a.time for a in lab.wire.adverts("a")][1:]  # before the second the kernel had to add the address
    gaps = [after - before for before, after in zip(times, times[1:])]
    assert all(near(gap, 0.1, 0.02, 0.05) for gap in gaps), gaps
    assert near((times[-1] - times[0]) / len(gaps), 0.1, 0.004, 0.004)


def test_ten_millisecond_interval(lab):
    lab.a.run(config(instance(interval=0.01)))
    lab.wire.wait_advert("a", count=100)
    adverts = lab.wire.adverts("a")
    assert adverts[0].interval == 0.01
    assert (adverts[-1].time - adverts[0].time) / (len(adverts) - 1) < 0.012 + stall()


def test_group_is_joined_at_start(lab):
    daemon = lab.a.run(config())
    join = lab.wire.wait(Igmp, node="a", group="224.0.0.18")
    assert join.record in (2, 4) and join.time >= daemon.started


def test_mcast_src_ip_is_the_source(lab):
    lab.a.ip("addr add 192.0.2.77/24 dev eth0")
    lab.a.run(config(instance(extra="mcast_src_ip 192.0.2.77")))
    assert lab.wire.wait_advert("a").source == "192.0.2.77"


def test_mcast_dst_ip_is_the_group(lab):
    lab.a.run(config(instance(extra="mcast_dst_ip 224.0.0.118")))
    advert = lab.wire.wait_advert("a")
    assert advert.destination == "224.0.0.118" and advert.destination_mac == "01:00:5e:00:00:76"


def test_unicast_sends_one_copy_to_each_peer(make_lab):
    lab = make_lab("abc")
    lab.a.run(config(instance(extra="unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n192.0.2.3\n}")))
    lab.wire.wait_advert("a", count=4)
    adverts = lab.wire.adverts("a")[:4]
    assert [a.destination for a in adverts] == ["192.0.2.2", "192.0.2.3"] * 2
    assert [a.ident for a in adverts] == [1, 1, 2, 2]
    assert all(a.ttl == 255 and a.checksum == "pseudo" for a in adverts)


def test_unicast_ttl_is_the_ttl(lab):
    lab.a.run(config(instance(extra="unicast_ttl 64\nunicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}")))
    assert lab.wire.wait_advert("a").ttl == 64


def test_unicast_ipv6(lab):
    lab.a.run(config(instance(vips=["2001:db8::100/64"],
                              extra="unicast_src_ip 2001:db8::1\nunicast_peer {\n2001:db8::2\n}")))
    advert = lab.wire.wait_advert("a")
    assert (advert.source, advert.destination) == ("2001:db8::1", "2001:db8::2")
    assert advert.checksum == "pseudo" and advert.vrid == VRID


def test_v2_interval_is_rounded_to_seconds(lab):
    lab.a.run(config(v2(priority=255, state="MASTER", interval=1.4)))
    become_master(lab)
    assert lab.wire.adverts("a")[0].interval == 1


def test_v2_interval_2_is_in_the_advert(lab):
    lab.a.run(config(v2(priority=255, state="MASTER", interval=2)))
    lab.wire.wait_advert("a", count=2)
    first, second = lab.wire.adverts("a")[:2]
    assert first.interval == 2 and near(second.time - first.time, 2, 0.02, 0.2)
