# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reload changes in IPVS, what a stop and a start leave there, and what the address decides."""
import time

import pytest

from netlab import configs, ipvs
from netlab.client import Connection
from netlab.daemons import daemon_kind
from netlab.farm import GUE_PORT, VIP, VIP6, VIPS, VIPS6
from netlab.wait import wait_until

pytestmark = pytest.mark.ipvs

SERVICE = f"tcp {VIP}:7"
ALL = {"s1": 1, "s2": 1, "s3": 1}


def servers(farm, port=7, family=4, names=tuple(ALL), **more):
    return [configs.real_server(farm.real(name, family), port, **more) for name in names]


def service(farm, reals=None, **more):
    return configs.virtual_server(f"{VIP} 7", reals or servers(farm), **more)


def start(farm, *blocks, **more):
    return farm.d1.run(configs.config(*blocks, **more))


def wait_for(farm, condition, what):
    """Until the service's record is so; the record."""
    def good():
        found = ipvs.services(farm.d1).get(SERVICE)
        return found if found and condition(found) else None
    return wait_until(good, what=what, interval=0.2)


CHANGES = {
    "scheduler": ({"scheduler": "wlc"}, lambda s: s.scheduler == "wlc"),
    "flags": ({"scheduler": "sh", "extra": "sh-port"}, lambda s: s.scheduler == "sh" and s.flags == ("sh-port",)),
    "persistence": ({"extra": "persistence_timeout 70"}, lambda s: s.persistence == 70),
    "granularity": ({"extra": "persistence_timeout 70\npersistence_granularity 255.255.0.0"},
                    lambda s: s.netmask == "255.255.0.0"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_service_keeps_its_connections(farm, what):
    """It is changed in place, to and fro, never removed."""
    changed, condition = CHANGES[what]
    daemon = start(farm, service(farm))
    farm.wait_pool(SERVICE, ALL)
    before = ipvs.services(farm.d1)[SERVICE]
    with Connection(farm.client, VIP) as connection:
        daemon.reload(configs.config(service(farm, **changed)))
        wait_for(farm, condition, f"another {what}")
        assert connection.ask() == connection.server
        daemon.reload(configs.config(service(farm)))
        assert wait_for(farm, lambda s: not condition(s), f"the old {what}") == before
        assert connection.ask() == connection.server


def test_a_changed_method(farm):
    """From NAT to DR to a tunnel, and back."""
    farm.open_tunnels()
    daemon = start(farm, service(farm))
    farm.wait_pool(SERVICE, ALL)
    for method, short in (("DR", "dr"), (f"TUN type gue port {GUE_PORT}", "tun"), ("TUN", "tun"), ("NAT", "nat")):
        daemon.reload(configs.config(service(farm, method=method)))
        kind = {"gue": "gue", "TUN": "ipip"}.get(method.split()[2] if "type" in method else method)
        wait_for(farm, lambda s, short=short, kind=kind: all(
            one.method == short and one.tunnel.get("type") == kind for one in s.servers.values()), method)
        farm.wait_pool(SERVICE, ALL)
        with Connection(farm.client, VIP) as connection:
            assert connection.server in ALL


@pytest.mark.better("changed thresholds alone are not handed to the kernel")
def test_changed_thresholds(farm):
    daemon = start(farm, service(farm))
    farm.wait_pool(SERVICE, ALL)
    daemon.reload(configs.config(service(farm, servers(farm, extra="uthreshold 9"))))
    wait_until(lambda: farm.d1.execute("ipvsadm", "-Ln", "--thresholds").count(" 9 ") == 3, what="thresholds", interval=0.2)


def test_services_and_servers_come_and_go(farm):
    other = f"tcp {VIPS[1]}:80"
    daemon = start(farm, service(farm))
    farm.wait_pool(SERVICE, ALL)
    daemon.reload(configs.config(service(farm, servers(farm, names=["s1"])),
                                 configs.virtual_server(f"{VIPS[1]} 80", servers(farm, 80, names=["s2"]))))
    farm.wait_pool(SERVICE, {"s1": 1})
    farm.wait_pool(other, {"s2": 1})
    daemon.reload(configs.config(configs.virtual_server(f"{VIPS[1]} 80", servers(farm, 80))))
    farm.wait_pool(other, ALL)
    wait_until(lambda: set(ipvs.table(farm.d1)) == {other}, what="the first service gone", interval=0.1)


def test_a_group_of_both_families(farm):
    """Tunnelled servers may serve a group of IPv4 and IPv6 addresses."""
    farm.open_tunnels()
    group = f"virtual_server_group G {{\n    {VIP} 80\n    {VIP6} 80\n}}\n"
    start(farm, group, configs.virtual_server("group G", servers(farm, 80), method="TUN"))
    for name, vip in ((f"tcp {VIP}:80", VIP), (f"tcp [{VIP6}]:80", VIP6)):
        wait_until(lambda name=name: len(ipvs.table(farm.d1)[name].servers if name in ipvs.table(farm.d1) else ()) == 3,
                   what=name, interval=0.1)
        assert farm.tally(vip, count=6) == {"s1": 2, "s2": 2, "s3": 2}


@pytest.mark.parametrize("mode,left", [("", set()), ("lvs_flush_on_stop VS", {"tcp 192.0.2.101:80"}),
                                       ("lvs_flush_on_stop", set())], ids=["none", "VS", "all"])
def test_flush_on_stop(farm, mode, left):
    """The own services go in any case; those of others only by the bare lvs_flush_on_stop."""
    farm.d1.execute("ipvsadm", "-A", "-t", f"{VIPS[1]}:80", "-s", "wlc")
    daemon = start(farm, service(farm), extra=mode)
    farm.wait_pool(SERVICE, ALL)
    assert daemon.stop() == 0
    assert set(ipvs.table(farm.d1)) == (left if mode else {f"tcp {VIPS[1]}:80"})


def test_dont_release_ipvs(farm):
    """With keepalived's --dont-release-ipvs the table outlives the daemon, and the next one takes it over."""
    kind = {"holdfast": "holdfast-as-keepalived"}.get(daemon_kind())
    daemon = farm.d1.run(configs.config(service(farm)), kind, options=["--dont-release-ipvs"])
    farm.wait_pool(SERVICE, ALL)
    with Connection(farm.client, VIP) as connection:
        assert daemon.stop() == 0
        assert farm.pool(SERVICE) == ALL
        assert connection.ask() == connection.server
        start(farm, service(farm))
        time.sleep(2)
        farm.kill("s3" if connection.server != "s3" else "s2")
        wait_until(lambda: len(farm.pool(SERVICE)) == 2, what="the dead server out", interval=0.1)
        assert connection.ask() == connection.server


def test_ha_suspend(farm):
    """Without the address nothing is checked and nothing changes; with it again, the truth comes out."""
    start(farm, service(farm, extra="ha_suspend"))
    farm.wait_pool(SERVICE, ALL)
    time.sleep(2.5)  # every server was checked
    farm.d1.ip(f"addr del {VIP}/24 dev eth0")
    time.sleep(1)
    farm.kill("s1")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert farm.pool(SERVICE) == ALL
        time.sleep(0.1)
    farm.d1.ip(f"addr add {VIP}/24 dev eth0")
    farm.wait_pool(SERVICE, {"s2": 1, "s3": 1})


def test_nftables_ipvs(farm):
    """A group becomes one mark, which nftables gives to the packets of all its addresses."""
    group = f"virtual_server_group G {{\n    {VIP} 80\n    {VIPS[1]}-103 80\n}}\n"
    group6 = f"virtual_server_group G6 {{\n    {VIP6} 80\n    {VIPS6[3]} 80\n}}\n"
    daemon = start(farm, group, group6, configs.virtual_server("group G", servers(farm, 80)),
                   configs.virtual_server("group G6", servers(farm, 80, 6)), extra="nftables_ipvs")
    wait_until(lambda: len(ipvs.table(farm.d1)) == 2 and all(
        len(one.servers) == 3 for one in ipvs.table(farm.d1).values()), what="two marks with servers", interval=0.1)
    assert set(ipvs.services(farm.d1)) == {"fwm 1000", "fwm6 1001"}
    for vip in [*VIPS[:4], VIP6, VIPS6[3]]:
        farm.wait_tally({"s1": 2, "s2": 2, "s3": 2}, vip)
    daemon.reload(configs.config(group.replace("-103", "-102"), group6, configs.virtual_server("group G", servers(farm, 80)),
                                 configs.virtual_server("group G6", servers(farm, 80, 6)), extra="nftables_ipvs"))
    wait_until(lambda: "192.0.2.103" not in farm.d1.execute("nft", "list", "ruleset"), what="the shorter range", interval=0.2)
    farm.wait_tally({"s1": 2, "s2": 2, "s3": 2}, VIPS[2])
    with pytest.raises(OSError):
        farm.ask(VIPS[3], timeout=1)
    assert daemon.stop() == 0
    assert ipvs.table(farm.d1) == {} and "keepalived_ipvs" not in farm.d1.execute("nft", "list", "ruleset")


def test_a_sync_daemon_without_an_instance(farm):
    """Sends and receives as long as the daemon runs."""
    daemon = start(farm, service(farm), extra="lvs_sync_daemon eth1 id 9")
    wait_until(lambda: set(ipvs.sync_daemons(farm.d1)) == {"master", "backup"}, what="both sync daemons", interval=0.2)
    assert all("syncid=9" in words for words in ipvs.sync_daemons(farm.d1).values())
    daemon.stop()
    assert ipvs.sync_daemons(farm.d1) == {}
