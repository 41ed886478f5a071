# SPDX-License-Identifier: GPL-2.0-or-later
"""The configurations that ship do on real interfaces what their comments promise."""
import os
import re
import time

from common import stall
from netlab import wait_until
from netlab.daemons import TREE


def shipped(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as handle:
        return handle.read()


def test_installed_example_answers_ping(lab):
    lab.a.run(shipped("packaging/holdfast.conf.example"))
    lab.a.wait_has("192.0.2.100")
    assert "1 received" in lab.b.execute("ping", "-c", "1", "-W", "2", "192.0.2.100")


def test_dual_active_has_one_address_each_and_both_when_alone(lab):
    lab.a.run(shipped("examples/dual-active-a.conf"))
    b = lab.b.run(shipped("examples/dual-active-b.conf"))
    lab.b.wait_has("192.0.2.102")
    wait_until(lambda: lab.a.has("192.0.2.101") and not lab.a.has("192.0.2.102"), what="a has its own address only")
    assert not lab.b.has("192.0.2.101")
    b.stop()
    lab.a.wait_has("192.0.2.102")


def test_unicast_pair_sends_no_multicast(lab):
    for node, name in ((lab.a, "a"), (lab.b, "b")):
        text = shipped(f"examples/unicast-{name}.conf")
        node.run(text.replace("192.0.2.11", lab.a.address()).replace("192.0.2.12", lab.b.address()))
    lab.a.wait_has("192.0.2.100")
    advert = lab.wire.wait_advert("a")
    assert advert.destination == lab.b.address() and not lab.b.has("192.0.2.100")


def test_fast_pair_takes_over_within_half_a_second(lab):
    a = lab.a.run(shipped("examples/fast.conf"))
    lab.a.wait_has("192.0.2.100")
    lab.b.run(shipped("examples/fast.conf"))
    lab.wire.wait_advert("a")
    a.kill()
    killed = lab.now()
    assert lab.wire.wait_advert("b").time - killed < 0.5 + stall()
    lab.b.wait_has("192.0.2.100")


def test_ipv6_group_moves_together(lab):
    # .1 is the node's own address here
    text = shipped("examples/ipv6.conf").replace("192.0.2.1/", "192.0.2.100/").replace("2001:db8::1/", "2001:db8::100/")
    a = lab.a.run(text)
    for address in ("192.0.2.100", "2001:db8::100", "fe80::51"):
        lab.a.wait_has(address)
    lab.b.run(text)
    a.stop()
    for address in ("192.0.2.100", "2001:db8::100", "fe80::51"):
        lab.b.wait_has(address)
        assert not lab.a.has(address)


def keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_every_field_of_the_status_is_described(lab):
    text = shipped("examples/scripts.conf").replace("eth1", "eth0") + "vrrp_sync_group G {\n group {\n  VI_1\n }\n}\n"
    daemon = lab.a.run(text + f"track_file F {{\n file {lab.path('number')}\n}}\n")
    lab.b.router(vrid=51, priority=1, version=2, interval=1, addresses=("192.0.2.100",))
    lab.a.wait_has("192.0.2.100")
    time.sleep(1.5)  # the rival is heard
    page = shipped("docs/operations.md") + " ".join(COUNTERS)
    document = daemon.status()
    assert document["instances"][0]["rival"] and document["groups"] and document["scripts"] and document["files"]
    missing = {key for key in keys(document) if not re.search(rf"\b{key}\b", page)}
    assert not missing


# "adverts, transitions and errors, with the names of keepalived's JSON"
COUNTERS = """advert_rcvd advert_sent become_master release_master packet_len_err advert_interval_err ip_ttl_err
invalid_type_rcvd addr_list_err invalid_authtype authtype_mismatch auth_failure pri_zero_rcvd pri_zero_sent
checksum_err version_err vrid_err""".split()
