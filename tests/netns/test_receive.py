# SPDX-License-Identifier: GPL-2.0-or-later
"""What a receiver refuses and what it lets pass. A refused advert of a higher priority must not end
the mastership; one that is let pass does."""
import re
import time

import pytest

from common import VIP, better, config, holdfast_only, instance, settle, stall, v2
from netlab import packets, wait_until

PASS = "authentication {\nauth_type PASS\nauth_pass s3cret\n}"
GOOD2 = {"vrid": 51, "priority": 200, "version": 2, "interval": 1, "password": "s3cret"}
GOOD3 = {"vrid": 51, "priority": 200, "version": 3, "interval": 0.1}


def pdu2(**change):
    return packets.build_pdu("192.0.2.2", "224.0.0.18", addresses=(VIP,), **{**GOOD2, **change})


BAD2 = {
    "ttl-254": {"ttl": 254},
    "wrong-version": {"version": 3},
    "bad-checksum": {"spoil": True},
    "type-2": {"type": 2},
    "other-interval": {"interval": 2},
    "no-authentication": {"password": None, "auth_type": 0},
    "authentication-type-3": {"password": None, "auth_type": 3},
    "wrong-password": {"password": "other"},
    "password-prefix": {"password": "s3cre"},
    "four-bytes-short": {"payload": pdu2()[:-4]},
    "forty-bytes-long": {"extra": bytes(40)},
    "without-authentication-bytes": {"payload": pdu2()[:-8]},
    "eight-bytes-only": {"payload": pdu2()[:8]},
    "four-bytes-only": {"payload": pdu2()[:4]},
    "count-beyond-the-end": {"count": 255},
    "other-vrid": {"vrid": 52},
    "unicast": {"destination": "192.0.2.1", "destination_mac": "02:00:00:00:00:01"},
}
BAD3 = {
    "ttl-1": {"ttl": 1},
    "version-2": {"version": 2, "interval": 1},
    "version-4": {"version": 4},
    "bad-checksum": {"spoil": True},
    "type-0": {"type": 0},
    "short": {"payload": b"\x31\x33\xc8"},
}
PASSED3 = {
    "other-interval": {"interval": 0.5},
    "pseudo-header-checksum": {"form": "pseudo"},
    "foreign-address": {"addresses": ("192.0.2.99",)},
    "two-addresses": {"addresses": (VIP, "192.0.2.99")},
}


def master(lab, text):
    daemon = lab.a.run(config(text))
    lab.wire.wait_advert("a", count=2)
    lab.a.wait_has(VIP)
    return daemon


def gives_way(lab, **advert):
    """Does the master give its address up for this advert? For a third of a second only, as no other follows."""
    watch, sent = lab.a.watch(), lab.now()
    lab.b.send_advert(**advert)
    lab.wire.wait_advert("a", since=sent, count=3)
    return bool(watch.removed(VIP))


def test_v2_master_keeps_its_role_under_every_bad_packet(make_lab):
    lab = make_lab("ab")
    daemon = master(lab, v2(priority=100, extra=PASS))
    watch = lab.a.watch()
    for name, change in BAD2.items():
        lab.b.send_advert(**{**GOOD2, **change})
        settle(0.05)
        assert not watch.events, f"{name} was taken for a valid advert"
    lab.b.send_advert(**GOOD2)  # and the good one is
    lab.a.wait_has_not(VIP)
    assert daemon.running()


@pytest.mark.parametrize("case", BAD3)
def test_v3_master_refuses(lab, case):
    master(lab, instance())
    assert not gives_way(lab, **{**GOOD3, **BAD3[case]})


@better("2.2.7 refuses other address lists")
@pytest.mark.parametrize("case", PASSED3)
def test_v3_master_accepts(lab, case):
    master(lab, instance())
    assert gives_way(lab, **{**GOOD3, **PASSED3[case]})


@better("2.2.7 wants the pseudo-header")
def test_v3_plain_checksum_of_rfc_9568_is_accepted_too(lab):
    master(lab, instance())
    assert gives_way(lab, **{**GOOD3, "form": "plain"})


@better("2.4.3 accepts any checksum then, 2.2.7 does not know the keyword")
@pytest.mark.parametrize("form,spoil,accepted", [("plain", False, True), ("pseudo", False, True),
                                                 ("plain", True, False)])
def test_v3_checksum_as_v2_accepts_both_sums_and_no_other(lab, form, spoil, accepted):
    master(lab, instance(extra="v3_checksum_as_v2"))
    assert gives_way(lab, **{**GOOD3, "form": form, "spoil": spoil}) == accepted


def test_padding_to_the_ethernet_minimum_is_allowed(lab):
    master(lab, instance())
    frame, watch = lab.b.advert_frame(**GOOD3), lab.a.watch()
    lab.b.send(frame.ljust(60, b"\0"))
    wait_until(lambda: watch.removed(VIP), what="the address given up")


def test_bad_packet_does_not_restart_the_timer_of_a_backup(lab):
    router = lab.b.router(vrid=51, priority=200)
    lab.a.run(config()).listening()
    settle(0.5)
    last = router.stop()
    bad = lab.b.router(vrid=51, priority=200, ttl=254, interval=0.02)
    first = lab.wire.wait_advert("a")
    assert first.time - last < 0.45 + stall()
    bad.stop()


@better("any packet for the VRID restarts a master's advert timer (section 19, 1)")
def test_bad_packets_do_not_starve_a_masters_own_adverts(lab):
    master(lab, instance())
    start = lab.now()
    bad = lab.b.router(vrid=51, priority=100, spoil=True, interval=0.02)
    settle(1.0)
    bad.stop()
    adverts = lab.wire.adverts("a", since=start, until=start + 1.0)
    assert 9 - stall() / 0.1 <= len(adverts) <= 11
    assert max(b.time - a.time for a, b in zip(adverts, adverts[1:])) < 0.15 + stall()


@better("any packet for the VRID restarts a master's advert timer (section 19, 1)")
def test_v2_bad_password_does_not_starve_a_masters_own_adverts(lab):
    master(lab, v2(priority=255, state="MASTER", extra=PASS))
    start = lab.now()
    for _ in range(5):
        lab.b.send_advert(**{**GOOD2, "password": "wrong"})
        time.sleep(0.5)
    assert len(lab.wire.adverts("a", since=start)) >= 2


@holdfast_only
def test_counters_of_refused_packets(lab):
    daemon = master(lab, v2(extra=PASS))
    for case in ("ttl-254", "type-2", "authentication-type-3", "no-authentication", "wrong-password",
                 "four-bytes-short", "forty-bytes-long"):
        lab.b.send_advert(**{**GOOD2, **BAD2[case], "priority": 50})
        settle(0.02)
    settle(1.2)  # the board follows within a second
    counters = daemon.instance("VI_1")["counters"]
    expected = {"ip_ttl_err": 1, "invalid_type_rcvd": 1, "invalid_authtype": 1, "authtype_mismatch": 1,
                "auth_failure": 1, "packet_len_err": 2, "advert_rcvd": 0}
    assert {name: counters.get(name) for name in expected} == expected


@holdfast_only
def test_status_tells_of_refused_adverts(lab):
    daemon = master(lab, v2(extra=PASS))
    assert daemon.ctl("status").returncode == 0 and daemon.instance("VI_1")["refused"] is None
    for _ in range(2):
        lab.b.send_advert(**{**GOOD2, "password": "wrong"})
    settle(0.2)
    refused = daemon.instance("VI_1")["refused"]
    assert (refused["address"], refused["adverts"], refused["now"]) == ("192.0.2.2", 2, True)
    assert refused["text"] == "received an invalid passwd from 192.0.2.2!"
    done = daemon.ctl("status")
    assert done.returncode == 1
    assert "REFUSED    received an invalid passwd from 192.0.2.2! (2 adverts, last " in done.stdout
    lab.b.send_advert(**{**GOOD2, "priority": 1, "source": "192.0.2.3"})  # not from him
    settle(0.2)
    assert daemon.instance("VI_1")["refused"]["now"]
    lab.b.send_advert(**{**GOOD2, "priority": 1})  # mended
    ended = wait_until(lambda: (lambda r: not r["now"] and r)(daemon.instance("VI_1")["refused"]), what="the end of it")
    assert ended["last_advert_ms"] < 10000  # not because it is long ago
    assert "adverts of 192.0.2.2 are refused" not in daemon.ctl("status").stdout
    assert "refused    received an invalid passwd from 192.0.2.2! (2 adverts, last " in daemon.ctl("status").stdout
    lab.b.send_advert(**{**GOOD2, "password": "wrong"})
    wait_until(lambda: daemon.instance("VI_1")["refused"]["now"], what="it again")


@holdfast_only
def test_status_tells_of_another_list_of_addresses(lab):
    daemon = lab.a.run(config(instance(interval=1, vips=["192.0.2.100/24", "192.0.2.140/24"]))).listening()
    daemon.wait_ready()
    speak = {**GOOD3, "interval": 1}
    lab.b.send_advert(**speak, addresses=("192.0.2.100", "192.0.2.140"))
    settle(0.2)
    assert daemon.ctl("status").returncode == 0 and daemon.instance("VI_1")["differs"] is None
    lab.b.send_advert(**speak, addresses=("192.0.2.100",))
    settle(0.2)
    differs = daemon.instance("VI_1")["differs"]
    assert (differs["address"], differs["adverts"], differs["now"]) == ("192.0.2.2", 1, True)
    done = daemon.ctl("status")
    assert done.returncode == 1
    assert ("DIFFERS    advert of 192.0.2.2 lists other addresses than ours (192.0.2.140 missing) "
            "(1 advert, last ") in done.stdout
    lab.b.send_advert(**speak, addresses=("192.0.2.100", "192.0.2.140", "192.0.2.141"))
    settle(0.2)
    assert "(3, we have 2) (2 adverts, " in daemon.ctl("status").stdout
    lab.b.send_advert(**speak, addresses=("192.0.2.100", "192.0.2.140"))
    settle(0.2)
    assert daemon.ctl("status").returncode == 0 and daemon.instance("VI_1")["differs"] is None


@holdfast_only
def test_status_does_not_show_a_master_that_has_gone(lab):
    daemon = lab.a.run(config(instance(priority=1, interval=8))).listening()
    daemon.wait_ready()
    lab.b.send_advert(**{**GOOD3, "interval": 8})
    settle(0.2)
    master_seen = daemon.instance("VI_1")["master"]
    assert (master_seen["address"], master_seen["gone"]) == ("192.0.2.2", False)
    assert "master     192.0.2.2, priority 200, last advert " in daemon.ctl("status").stdout
    lab.b.send_advert(**{**GOOD3, "interval": 8, "priority": 0})  # the skew of priority 1 is eight seconds
    settle(0.2)
    state = daemon.instance("VI_1")
    assert (state["state"], state["master"]["gone"], state["master"]["priority"]) == ("BACKUP", True, 0)
    assert re.search(r"master     none heard, the last was 192\.0\.2\.2 [0-7]\.\d+ s ago, which has left",
                     daemon.ctl("status").stdout)


@holdfast_only
def test_status_follows_the_priority_of_the_master(lab):
    daemon = lab.a.run(config(instance(interval=1))).listening()
    daemon.wait_ready()
    for priority in (200, 150):
        lab.b.send_advert(**{**GOOD3, "interval": 1, "priority": priority})
        settle(0.2)
        assert daemon.instance("VI_1")["master"]["priority"] == priority


@holdfast_only
def test_status_names_a_silent_master_of_an_instance_in_fault(lab):
    daemon = lab.a.run(config(instance(interval=0.1)))
    lab.b.router(**GOOD3)
    daemon.wait_ready()
    wait_until(lambda: daemon.instance("VI_1")["master"]["address"] == "192.0.2.2", what="the master is heard")
    lab.a.ip("link set eth0 down")
    settle(1)
    state = daemon.instance("VI_1")
    assert (state["state"], state["master"]["address"], state["master"]["gone"]) == ("FAULT", "192.0.2.2", True)
    assert " ago, which has left" not in daemon.ctl("status").stdout


@holdfast_only
def test_status_names_unicast_peers(lab):
    daemon = lab.a.run(config(instance(extra="unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n192.0.2.3\n}"),
                              instance("VI_2", 52, vips=["192.0.2.101/24"]),
                              instance("VI_3", 53, vips=["192.0.2.102/24"], extra="unicast_peer {\n" + "".join(
                                  f"192.0.2.{n}\n" for n in range(2, 12)) + "}")))
    daemon.wait_ready()
    one, two, three = (daemon.instance(name) for name in ("VI_1", "VI_2", "VI_3"))
    assert (one["peers"], one["peers_in_all"]) == (["192.0.2.2", "192.0.2.3"], 2)
    assert (two["peers"], two["peers_in_all"]) == ([], 0)
    assert (len(three["peers"]), three["peers_in_all"]) == (8, 10)
    text = daemon.ctl("status").stdout
    assert text.count("unicast to ") == 2
    assert "s, unicast to 192.0.2.2, 192.0.2.3\n" in text and ", 192.0.2.9 and 2 more\n" in text


@better("2.2.7 logs each, without the address")
def test_refused_packet_is_logged_once(lab):
    daemon = master(lab, instance())
    for _ in range(10):
        lab.b.send_advert(**{**GOOD3, "ttl": 254})
    settle(0.3)
    assert len(daemon.logged(r"\(VI_1\) invalid TTL/HL from 192\.0\.2\.2\. Received 254 and expect 255")) == 1


@better("2.2.7 logs each")
def test_refused_packets_of_alternating_senders_do_not_flood_the_log(lab):
    daemon = master(lab, instance())
    mark = daemon.log_mark()
    for number in range(100):
        source = f"192.0.2.{10 + number % 50}"
        lab.b.send_advert(**{**GOOD3, "priority": 50, "source": source})
        lab.b.send_advert(**{**GOOD3, "ttl": 254, "source": source})
    settle(0.3)
    assert len(daemon.log(mark).splitlines()) < 10


def test_unicast_stranger_is_dropped(make_lab):
    lab = make_lab("abc")
    master(lab, instance(extra="check_unicast_src\nunicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}"))
    to_a = {"destination": "192.0.2.1", "destination_mac": "02:00:00:00:00:01"}
    watch, sent = lab.a.watch(), lab.now()
    lab.c.send_advert(**GOOD3, **to_a)
    lab.wire.wait_advert("a", since=sent, count=3)
    assert not watch.removed(VIP)
    assert gives_way(lab, **GOOD3, **to_a)


@better("2.2.7 words it otherwise")
def test_unicast_peer_ttl_range(lab):
    daemon = master(lab, instance(extra="unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2 min_ttl 200 max_ttl 255\n}"))
    to_a = {"destination": "192.0.2.1", "destination_mac": "02:00:00:00:00:01"}
    assert not gives_way(lab, **GOOD3, **to_a, ttl=64)
    daemon.wait_log(r"TTL/HL 64 from 192\.0\.2\.2 not in range \[200, 255\]")
    assert gives_way(lab, **GOOD3, **to_a, ttl=201)


def test_multicast_to_a_unicast_instance_is_dropped(lab):
    master(lab, instance(extra="unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}"))
    assert not gives_way(lab, **GOOD3)


def test_ipv6_bad_checksum_and_hop_limit_are_refused(lab):
    lab.a.run(config(instance(vips=["fe80::100/64"])))
    lab.wire.wait_advert("a", count=2)
    good = {**GOOD3, "addresses": ("fe80::100",)}
    watch, sent = lab.a.watch(), lab.now()
    lab.b.send_advert(**{**good, "spoil": True})
    lab.b.send_advert(**good, ttl=64)
    lab.wire.wait_advert("a", since=sent, count=3)
    assert not watch.removed("fe80::100")
    lab.b.send_advert(**good)
    wait_until(lambda: watch.removed("fe80::100"), what="the address given up")


def gives_way_to_old_unicast(lab):
    """The same for a good unicast advert from b whose checksum was made with the group's address."""
    payload = packets.build_pdu("192.0.2.2", "224.0.0.18", vrid=51, priority=200, addresses=(VIP,), interval=0.1)
    return gives_way(lab, vrid=51, priority=200, payload=payload, destination="192.0.2.1",
                     destination_mac="02:00:00:00:00:01")


def test_old_unicast_checksum_is_recognised(lab):
    master(lab, instance(extra="unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}"))
    assert gives_way_to_old_unicast(lab)


def test_old_unicast_checksum_never_is_refused(lab):
    master(lab, instance(extra="old_unicast_checksum never\nunicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}"))
    assert not gives_way_to_old_unicast(lab)


def test_advert_with_a_wrong_vip_is_counted(lab):
    daemon = master(lab, instance(extra="lower_prio_no_advert"))
    lab.b.send_advert(vrid=51, priority=50, interval=0.1, addresses=("192.0.2.99",))
    daemon.wait_log(r"ip address associated with VRID 51 not present in .*192\.0\.2\.100")
