# SPDX-License-Identifier: GPL-2.0-or-later
"""Every forwarding method, in both families, carries traffic, loses a dead server and takes it back.

One farm and one daemon with a virtual server for each: NAT, DR, and tunnels of each kind. s4 stands
alone behind the services of GRE with checksums: a GRE device takes them with or without, not both.
"""
from dataclasses import dataclass, field

import pytest

from netlab import client, configs, ipvs
from netlab.farm import GUE_PORT, VIPS, VIPS6

pytestmark = pytest.mark.ipvs


@dataclass
class Case:
    name: str
    vip: str
    method: str             # the words after lvs_method
    family: int = 4         # of the servers
    tunnel: dict = field(default_factory=dict)  # as ipvsadm tells it
    servers: tuple = ("s1", "s2", "s3")

    @property
    def service(self):
        return f"tcp [{self.vip}]:80" if ":" in self.vip else f"tcp {self.vip}:80"


IPIP = {"type": "ipip"}
GUE = {"type": "gue", "port": str(GUE_PORT), "nocsum": ""}
GUE_CSUM = {"type": "gue", "port": str(GUE_PORT), "csum": ""}
GRE = {"type": "gre", "nocsum": ""}
GRE_CSUM = {"type": "gre", "csum": ""}
CASES = [
    Case("nat", VIPS[0], "NAT"),
    Case("dr", VIPS[1], "DR"),
    Case("ipip", VIPS[2], "TUN", tunnel=IPIP),
    Case("gue", VIPS[3], f"TUN type gue port {GUE_PORT}", tunnel=GUE),
    Case("gue-csum", VIPS[4], f"TUN type gue port {GUE_PORT} csum", tunnel=GUE_CSUM),
    Case("gre", VIPS[5], "TUN type gre", tunnel=GRE),
    Case("gre-csum", VIPS[6], "TUN type gre csum", tunnel=GRE_CSUM, servers=("s4",)),
    Case("ipip-over-6", VIPS[7], "TUN", 6, tunnel=IPIP),
    Case("nat6", VIPS6[0], "NAT", 6),
    Case("dr6", VIPS6[1], "DR", 6),
    Case("ipip6", VIPS6[2], "TUN", 6, tunnel=IPIP),
    Case("gue6", VIPS6[3], f"TUN type gue port {GUE_PORT}", 6, tunnel=GUE),
    Case("gre6", VIPS6[5], "TUN type gre", 6, tunnel=GRE),
    Case("ipip6-over-4", VIPS6[7], "TUN", 4, tunnel=IPIP),
]
METHODS = {"NAT": "nat", "DR": "dr", "TUN": "tun"}
each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@pytest.fixture(scope="module")
def farm(module_farm):
    farm = module_farm(servers=4)
    farm.open_tunnels()
    farm.s4.ip(f"link add grec type gre local {farm.real('s4')} remote any icsum ocsum")
    farm.s4.ip("link set grec up")
    farm.s4.sysctl("net.ipv4.conf.grec.rp_filter", 0)
    blocks = [configs.virtual_server(f"{case.vip} 80", [configs.real_server(farm.real(name, case.family))
                                                        for name in case.servers], method=case.method)
              for case in CASES]
    farm.d1.run(configs.config(*blocks))
    for case in CASES:
        wait(farm, case, case.servers)
    return farm


def wait(farm, case, names):
    ipvs.wait_weights(farm.d1, case.service, {farm.real(name, case.family): 1 for name in names})


@each_case
def test_table(farm, case):
    service = ipvs.services(farm.d1)[case.service]
    assert service.scheduler == "rr" and not service.persistence
    for server in service.servers.values():
        assert server.method == METHODS[case.method.split()[0]] and server.port == 80
        assert server.tunnel == case.tunnel


@each_case
def test_traffic(farm, case):
    """Round robin is exact while the table does not change."""
    rounds = 3
    assert farm.tally(case.vip, count=rounds * len(case.servers)) == {name: rounds for name in case.servers}


@each_case
def test_large_transfer(farm, case):
    """More than one packet each way, also where a tunnel leaves less room in them."""
    with client.Connection(farm.client, case.vip, port=80, greet=False) as connection:
        connection.send(b"GET / HTTP/1.1\r\nX-Filler: " + b"x" * 20000 + b"\r\n\r\n")
        assert connection.read(b"\r\n\r\ns").startswith(b"HTTP/1.1 200 ")


def test_death_and_return(farm):
    farm.kill("s2")
    for case in CASES:
        wait(farm, case, [name for name in case.servers if name != "s2"])
    for case in CASES:
        if "s2" in case.servers:
            assert farm.tally(case.vip, count=4) == {"s1": 2, "s3": 2}, case.name
    farm.revive("s2")
    for case in CASES:
        wait(farm, case, case.servers)
        farm.wait_tally({name: 1 for name in case.servers}, case.vip)


def test_nothing_is_left_after_the_stop(farm):
    farm.d1.daemons[-1].stop()
    assert ipvs.table(farm.d1) == {}
