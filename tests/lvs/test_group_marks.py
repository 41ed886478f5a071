# SPDX-License-Identifier: GPL-2.0-or-later
"""nftables_ipvs in detail: marks by protocol, names, what a reload touches (both families: test_changes.py)."""
import pytest

from netlab import backend, client, configs, ipvs
from netlab.farm import VIP, VIPS
from netlab.wait import wait_until

pytestmark = pytest.mark.ipvs
ALL = {"s1": 1, "s2": 1, "s3": 1}
TWO_EACH = {"s1": 2, "s2": 2, "s3": 2}


def group(*lines):
    return "virtual_server_group G {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def text(farm, *lines, port=80, protocols=("TCP",), options=""):
    servers = [configs.real_server(farm.real(name), port, check="") for name in farm.server_names]
    blocks = [configs.virtual_server("group G", servers, method="DR", protocol=one) for one in protocols]
    return configs.config(group(*lines), *blocks, extra=f"nftables_ipvs{options}")


def ruleset(farm):
    return farm.d1.execute("nft", "list", "ruleset")


def test_one_mark_for_many_addresses(farm):
    daemon = farm.d1.run(text(farm, f"{VIP} 80", f"{VIPS[2]}-104 80"))
    farm.wait_pool("fwm 1000", ALL)
    assert set(ipvs.services(farm.d1)) == {"fwm 1000"}
    for vip in (VIPS[0], VIPS[2], VIPS[3], VIPS[4]):
        assert farm.tally(vip, count=6) == TWO_EACH, vip
    with pytest.raises(OSError):
        farm.ask(VIPS[1], timeout=2)
    daemon.stop()
    assert "keepalived_ipvs" not in ruleset(farm)
    assert ipvs.table(farm.d1) == {}


def test_a_mark_for_each_protocol(farm):
    farm.d1.run(text(farm, f"{VIP} {backend.ECHO}", port=backend.ECHO, protocols=("UDP", "TCP")))
    farm.wait_pool("fwm 1000", ALL)
    farm.wait_pool("fwm 1001", ALL)
    assert sorted(client.ask_udp(farm.client, VIP, count=3)) == ["s1", "s2", "s3"]
    assert len({client.Connection(farm.client, VIP).server for _ in range(3)}) == 3


def test_reload_changes_elements_only(farm):
    """Another rule's counter would start anew, had the table been replaced."""
    daemon = farm.d1.run(text(farm, f"{VIP} 80", f"{VIPS[1]} 80"))
    farm.wait_pool("fwm 1000", ALL)
    farm.ask(VIP, count=3)
    counted = [line for line in ruleset(farm).splitlines() if "map @tcp_map counter packets" in line]
    assert counted and "packets 0 " not in counted[0]
    daemon.reload(text(farm, f"{VIP} 80", f"{VIPS[2]} 80"))
    wait_until(lambda: VIPS[1] not in ruleset(farm), what="the old address gone", interval=0.2)
    farm.wait_tally(TWO_EACH, VIPS[2])
    farm.wait_tally(TWO_EACH, VIP)
    with pytest.raises(OSError):
        farm.ask(VIPS[1], timeout=2)
    after = [line for line in ruleset(farm).splitlines() if "map @tcp_map counter packets" in line]
    assert int(after[0].split("packets ")[1].split()[0]) > int(counted[0].split("packets ")[1].split()[0])


def test_name_and_first_mark(farm):
    options = " mine\n    nftables_ipvs_start_fwmark 77\n    nftables_ipvs_priority -9"
    farm.d1.run(text(farm, f"{VIP} 80", options=options))
    farm.wait_pool("fwm 77", ALL)
    assert farm.tally(count=6) == TWO_EACH
    assert "table ip mine" in ruleset(farm) and "priority filter - 9" in ruleset(farm)
