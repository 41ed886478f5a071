# SPDX-License-Identifier: GPL-2.0-or-later
"""Two directors: VRRP moves the addresses, the kernel's sync daemons carry the connections over."""
import time

import pytest

from netlab import configs, ipvs
from netlab.client import Connection, Load
from netlab.farm import GATEWAY, VIP, VIPS
from netlab.wait import wait_until

pytestmark = pytest.mark.ipvs

ALL = {"s1": 1, "s2": 1, "s3": 1}
SYNC_ID = 7


@pytest.fixture
def pair(make_farm):
    """A pair of directors; d1 is the master."""
    farm = make_farm(directors=2, static=False)
    for node in farm.directors:
        # synchronise early and often, tests are short
        node.sysctl("net.ipv4.vs.sync_threshold", "1\t2")
    for node, priority in zip(farm.directors, (150, 100)):
        node.run(text(farm, priority))
    for node in farm.directors:
        for service in (f"tcp {VIP}:80", f"tcp {VIP}:7", f"tcp {VIPS[1]}:7"):
            farm.wait_pool(service, ALL, director=node)
    farm.d1.wait_has(VIP)
    farm.d1.wait_has(GATEWAY)
    return farm


def text(farm, priority):
    instance = configs.instance(priority=priority, interval=1, vips=[f"{VIP}/24", f"{VIPS[1]}/24", f"{GATEWAY}/24 dev eth1"])

    def servers(port):
        return [configs.real_server(farm.real(name), port) for name in farm.server_names]
    return configs.config(instance, configs.virtual_server(f"{VIP} 80", servers(80)),
                          configs.virtual_server(f"{VIP} 7", servers(7)),
                          configs.virtual_server(f"{VIPS[1]} 7", servers(7), method="DR"),
                          extra=f"lvs_sync_daemon eth1 VI_1 id {SYNC_ID}")


def roles(farm):
    return [set(ipvs.sync_daemons(node)) for node in farm.directors]


def wait_roles(farm, *wanted):
    wait_until(lambda: roles(farm) == [set(one) for one in wanted], what=f"sync daemons {wanted}", interval=0.2)


def test_sync_daemons_follow_the_instance(pair):
    wait_roles(pair, ["master"], ["backup"])
    assert f"syncid={SYNC_ID}" in ipvs.sync_daemons(pair.d1)["master"]
    assert "mcast=eth1" in ipvs.sync_daemons(pair.d2)["backup"]
    pair.d1.daemons[0].stop()
    wait_until(lambda: roles(pair) == [set(), {"master"}], what="d2 sends, d1 is silent", interval=0.2)


def synchronised(farm, connections):
    """Does the second director know as many established connections?"""
    known = [line for line in ipvs.connections(farm.d2) if "ESTABLISHED" in line]
    return len(known) >= connections


@pytest.mark.parametrize("way", ["crash", "stop"])
def test_connections_survive_a_failover(pair, way):
    """Open connections, by NAT and by DR, go on with the same servers after the other director took
    over; new ones are served as well."""
    wait_roles(pair, ["master"], ["backup"])
    connections = [Connection(pair.client, vip) for vip in (VIP, VIP, VIP, VIPS[1], VIPS[1], VIPS[1])]
    before = [one.server for one in connections]
    assert set(before) == set(ALL)
    deadline = time.monotonic() + 30
    while not synchronised(pair, len(connections)):
        assert time.monotonic() < deadline, ipvs.connections(pair.d2)
        assert [one.ask() for one in connections] == before
        time.sleep(0.2)
    if way == "crash":
        pair.d1.crash()
    else:
        pair.d1.daemons[0].stop()
    pair.d2.wait_has(VIP)
    assert [one.ask(timeout=20) for one in connections] == before
    assert pair.tally(count=3) == ALL
    wait_until(lambda: "master" in ipvs.sync_daemons(pair.d2), what="d2 synchronises", interval=0.2)
    for one in connections:
        one.close()


def test_service_is_away_for_the_failover_only(pair):
    """Requests fail while nobody owns the address, and neither before nor afterwards."""
    with Load(pair.client, VIP, timeout=1) as load:
        load.wait(30)
        crashed = pair.now()
        pair.d1.crash()
        pair.d2.wait_has(VIP)
        owned = pair.now()
        load.wait(60)
        outcome = load.stop()
    assert 2 < owned - crashed < 6
    assert not outcome.failed(until=crashed) and not outcome.failed(since=owned + 1.5), outcome.failures
