# SPDX-License-Identifier: GPL-2.0-or-later
"""Accept mode off: the addresses are there, traffic to them is dropped, nothing is left behind."""
import json

from common import VIP, config, instance


def tables(lab):
    listed = json.loads(lab.a.execute("nft", "-j", "list", "tables"))
    return {(t["table"]["family"], t["table"]["name"]) for t in listed["nftables"] if "table" in t}


def answers(lab, address):
    return ", 0% packet loss" in lab.b.execute("ping", "-c", "1", "-W", "1", address, check=False)


def reload(daemon, text):
    mark = daemon.log_mark()
    daemon.reload(text)
    daemon.wait_log("Reload complete", since=mark)


def test_no_accept_drops_traffic_to_the_address(lab):
    lab.a.run(config(instance(interval=0.2, extra="no_accept")))
    lab.a.wait_has(VIP)
    assert ("ip", "keepalived") in tables(lab)
    assert not answers(lab, "192.0.2.100")
    assert answers(lab, "192.0.2.1")


def test_accept_is_the_default(lab):
    lab.a.run(config(instance(interval=0.2)))
    lab.a.wait_has(VIP)
    assert tables(lab) == set()
    assert answers(lab, "192.0.2.100")


def test_an_owner_always_accepts(lab):
    lab.a.run(config(instance(interval=0.2, priority=255, state="MASTER", extra="no_accept")))
    lab.a.wait_has(VIP)
    assert answers(lab, "192.0.2.100")


def test_drop_rules_go_with_the_daemon(lab):
    daemon = lab.a.run(config(instance(interval=0.2, extra="no_accept")))
    lab.a.wait_has(VIP)
    daemon.stop()
    assert tables(lab) == set()


def test_drop_rules_come_and_go_with_a_reload(lab):
    daemon = lab.a.run(config(instance(interval=0.2)))
    lab.a.wait_has(VIP)
    reload(daemon, config(instance(interval=0.2, extra="no_accept")))
    assert not answers(lab, "192.0.2.100")
    reload(daemon, config(instance(interval=0.2)))
    assert answers(lab, "192.0.2.100")
