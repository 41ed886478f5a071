# SPDX-License-Identifier: GPL-2.0-or-later
"""The configurations that ship do on real interfaces what their comments promise."""
import os

from netlab import wait_until
from netlab.daemons import TREE


def shipped(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as handle:
        return handle.read()


def test_installed_example_answers_ping(lab):
    lab.a.run(shipped("packaging/holdfast.conf.example"))
    lab.a.wait_has("192.0.2.100", timeout=6)
    assert "1 received" in lab.b.execute("ping", "-c", "1", "-W", "2", "192.0.2.100")


def test_dual_active_has_one_address_each_and_both_when_alone(lab):
    lab.a.run(shipped("examples/dual-active-a.conf"))
    b = lab.b.run(shipped("examples/dual-active-b.conf"))
    lab.b.wait_has("192.0.2.102", timeout=8)
    wait_until(lambda: lab.a.has("192.0.2.101") and not lab.a.has("192.0.2.102"), 8, "a has its own address only")
    assert not lab.b.has("192.0.2.101")
    b.stop()
    lab.a.wait_has("192.0.2.102", timeout=3)


def test_unicast_pair_sends_no_multicast(lab):
    for node, name in ((lab.a, "a"), (lab.b, "b")):
        text = shipped(f"examples/unicast-{name}.conf")
        node.run(text.replace("192.0.2.11", lab.a.address()).replace("192.0.2.12", lab.b.address()))
    lab.a.wait_has("192.0.2.100", timeout=8)
    advert = lab.wire.wait_advert("a")
    assert advert.destination == lab.b.address() and not lab.b.has("192.0.2.100")


def test_fast_pair_takes_over_within_half_a_second(lab):
    a = lab.a.run(shipped("examples/fast.conf"))
    lab.a.wait_has("192.0.2.100", timeout=2)
    lab.b.run(shipped("examples/fast.conf"))
    lab.wire.wait_advert("a")
    a.kill()
    lab.b.wait_has("192.0.2.100", timeout=0.5 + 1.0)


def test_ipv6_group_moves_together(lab):
    # .1 is the node's own address here
    text = shipped("examples/ipv6.conf").replace("192.0.2.1/", "192.0.2.100/").replace("2001:db8::1/", "2001:db8::100/")
    a = lab.a.run(text)
    for address in ("192.0.2.100", "2001:db8::100", "fe80::51"):
        lab.a.wait_has(address, timeout=6)
    lab.b.run(text)
    a.stop()
    for address in ("192.0.2.100", "2001:db8::100", "fe80::51"):
        lab.b.wait_has(address, timeout=3)
        assert not lab.a.has(address)
