# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual servers by mark and by group, persistence, one-packet scheduling, thresholds, UDP and SCTP."""
import socket

import pytest

from netlab import backend, client, configs, ipvs, ns
from netlab.client import Connection
from netlab.farm import VIP, VIP6, VIPS, VIPS6
from netlab.wait import wait_until

pytestmark = pytest.mark.ipvs

ALL = {"s1": 1, "s2": 1, "s3": 1}
TWO_EACH = {"s1": 2, "s2": 2, "s3": 2}


def servers(farm, port=80, family=4, **more):
    more.setdefault("check", "")
    return [configs.real_server(farm.real(name, family), port, **more) for name in farm.server_names]


def start(farm, *blocks):
    return farm.d1.run(configs.config(*blocks))


def names(farm):
    return set(ipvs.services(farm.d1))


def mark(farm, rules):
    """Mark packets as they come in; rules of nftables."""
    text = "\n".join(["table inet marks {", "chain in {", "type filter hook prerouting priority mangle;", *rules, "}", "}"])
    farm.d1.execute("nft", text)


def test_marks(farm):
    """One virtual server for two ports of an address, found by a mark of the packets."""
    mark(farm, [f"ip daddr {VIP} tcp dport {{ 80, 8080 }} meta mark set 5",
                f"ip6 daddr {VIP6} tcp dport {{ 80, 8080 }} meta mark set 6"])
    start(farm, configs.virtual_server("fwmark 5", servers(farm, port=""), method="DR", protocol=""),
          configs.virtual_server("fwmark 6", servers(farm, port="", family=6), method="DR", protocol="",
                                 extra="ip_family inet6"))
    farm.wait_pool("fwm 5", ALL)
    assert names(farm) == {"fwm 5", "fwm6 6"}
    for vip in (VIP, VIP6):
        assert farm.tally(vip, 80, 6) == TWO_EACH
        assert farm.tally(vip, 8080, 6) == TWO_EACH


def test_the_checks_of_a_mark_use_their_own_port(farm):
    mark(farm, [f"ip daddr {VIP} meta mark set 5"])
    check = "TCP_CHECK {\n    connect_port 80\n    retry 0\n    connect_timeout 2\n}"
    start(farm, configs.virtual_server("fwmark 5", servers(farm, port="", check=check), method="DR", protocol=""))
    farm.wait_pool("fwm 5", ALL)
    farm.kill("s1")
    farm.wait_pool("fwm 5", {"s2": 1, "s3": 1})
    assert farm.tally(count=4) == {"s2": 2, "s3": 2}
    farm.revive("s1")
    farm.wait_pool("fwm 5", ALL)


def group(*lines):
    return "virtual_server_group G {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def test_group(farm):
    """Addresses, a range and a mark, as one virtual server; a dead server leaves each of them."""
    mark(farm, [f"ip daddr {VIPS[7]} meta mark set 9"])
    check = configs.TCP_CHECK
    start(farm, group(f"{VIP} 80", f"{VIPS[2]}-104 80", "fwmark 9"),
          configs.virtual_server("group G", servers(farm, check=check), method="DR"))
    vips = [VIPS[0], VIPS[2], VIPS[3], VIPS[4]]
    services = [f"tcp {vip}:80" for vip in vips] + ["fwm 9"]
    for service in services:
        farm.wait_pool(service, ALL)
    assert names(farm) == set(services)
    for vip in [*vips, VIPS[7]]:
        assert farm.tally(vip, count=6) == TWO_EACH, vip
    farm.kill("s3")
    for service in services:
        farm.wait_pool(service, {"s1": 1, "s2": 1})
    farm.revive("s3")
    for service in services:
        farm.wait_pool(service, ALL)
        assert len(ipvs.table(farm.d1)[service].servers) == 3


def test_group_of_ipv6(farm):
    start(farm, group(f"{VIP6} 80", f"{VIPS6[1]}-103 80"),
          configs.virtual_server("group G", servers(farm, family=6)))
    vips = VIPS6[:4]
    for vip in vips:
        farm.wait_pool(f"tcp [{vip}]:80", ALL)
        assert farm.tally(vip, count=6) == TWO_EACH
    assert names(farm) == {f"tcp [{vip}]:80" for vip in vips}


def test_group_serves_tcp_and_udp(farm):
    blocks = [configs.virtual_server("group G", servers(farm, backend.ECHO), protocol=protocol)
              for protocol in ("TCP", "UDP")]
    start(farm, group(f"{VIP} {backend.ECHO}"), *blocks)
    farm.wait_pool(f"tcp {VIP}:7", ALL)
    farm.wait_pool(f"udp {VIP}:7", ALL)
    assert sorted(client.ask_udp(farm.client, VIP, count=3)) == ["s1", "s2", "s3"]
    with Connection(farm.client, VIP) as connection:
        assert connection.server in ALL


@pytest.mark.better("it leaves the removed entry's service behind, without servers")
def test_a_group_loses_an_entry_by_reload(farm):
    block = configs.virtual_server("group G", servers(farm))
    daemon = start(farm, group(f"{VIP} 80", f"{VIPS[1]} 80"), block)
    farm.wait_pool(f"tcp {VIPS[1]}:80", ALL)
    daemon.reload(configs.config(group(f"{VIP} 80", f"{VIPS[2]} 80"), block))
    farm.wait_pool(f"tcp {VIPS[2]}:80", ALL)
    wait_until(lambda: names(farm) == {f"tcp {VIP}:80", f"tcp {VIPS[2]}:80"}, what="the old entry's service gone")


CLIENTS = ["192.0.2.201", "192.0.2.202", "192.0.2.203"]
CLIENTS6 = ["2001:db8::201", "2001:db8::202", "2001:db8::203"]


def add_clients(farm):
    for address in CLIENTS:
        farm.client.ip(f"addr add {address}/24 dev eth0")
    for address in CLIENTS6:
        farm.client.ip(f"addr add {address}/64 dev eth0 nodad")


def of_sources(farm, vip, sources):
    """The set of servers that each source address got in three requests."""
    return [set(farm.ask(vip, count=3, source=source)) for source in sources]


@pytest.mark.parametrize("family", [4, 6])
def test_persistence(farm, family):
    """A client stays with its server, others get theirs; with a granularity a whole net stays."""
    add_clients(farm)
    vips, sources, wide = (VIPS, CLIENTS, "255.255.255.0") if family == 4 else (VIPS6, CLIENTS6, "64")
    start(farm, configs.virtual_server(f"{vips[0]} 80", servers(farm, family=family), extra="persistence_timeout 60"),
          configs.virtual_server(f"{vips[1]} 80", servers(farm, family=family),
                                 extra=f"persistence_timeout 60\npersistence_granularity {wide}"))
    names_ = [f"tcp [{vip}]:80" if family == 6 else f"tcp {vip}:80" for vip in vips[:2]]
    for name in names_:
        farm.wait_pool(name, ALL)
    table = ipvs.services(farm.d1)
    assert [table[name].persistence for name in names_] == [60, 60]
    assert table[names_[1]].netmask == wide
    each = of_sources(farm, vips[0], sources)
    assert all(len(one) == 1 for one in each) and set.union(*each) == set(ALL)
    assert len(set.union(*of_sources(farm, vips[1], sources))) == 1


def test_persistence_leaves_with_a_dead_server(farm):
    """The clients of a server that died get another one."""
    start(farm, configs.virtual_server(f"{VIP} 80", servers(farm, check=configs.TCP_CHECK),
                                       extra="persistence_timeout 60"))
    farm.wait_pool(f"tcp {VIP}:80", ALL)
    first = farm.ask()[0]
    farm.kill(first)
    farm.wait_pool(f"tcp {VIP}:80", {name: 1 for name in ALL if name != first})
    second = set(farm.ask(count=4))
    assert len(second) == 1 and second != {first}


def test_persistence_engine(farm):
    start(farm, configs.virtual_server(f"{VIP} 5060", servers(farm, 5060), protocol="UDP",
                                       extra="persistence_timeout 60\npersistence_engine sip"))
    farm.wait_pool(f"udp {VIP}:5060", ALL)
    assert ipvs.services(farm.d1)[f"udp {VIP}:5060"].engine == "sip"


def from_one_port(node, address, count):
    """Who answered `count` datagrams of one socket."""
    def body():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.connect((address, backend.ECHO))
            found = []
            for _ in range(count):
                sock.send(b"x")
                found.append(sock.recv(100).decode().split()[0])
            return found
    return ns.inside(node.namespace, body)


def test_one_packet_scheduling(farm):
    """With ops each datagram of a socket is scheduled; without, a socket stays with its server."""
    start(farm, configs.virtual_server(f"{VIP} 7", servers(farm, 7), protocol="UDP", method="DR", extra="ops"),
          configs.virtual_server(f"{VIPS[1]} 7", servers(farm, 7), protocol="UDP", method="DR"))
    farm.wait_pool(f"udp {VIP}:7", ALL)
    farm.wait_pool(f"udp {VIPS[1]}:7", ALL)
    assert ipvs.services(farm.d1)[f"udp {VIP}:7"].ops
    assert sorted(from_one_port(farm.client, VIP, 6)) == ["s1", "s1", "s2", "s2", "s3", "s3"]
    assert len(set(from_one_port(farm.client, VIPS[1], 6))) == 1
    assert sorted(client.ask_udp(farm.client, VIPS[1], count=3)) == ["s1", "s2", "s3"]


def test_connection_thresholds(farm):
    """A full server gets no further connection until it falls below the lower threshold."""
    full = configs.real_server(farm.real("s1"), 7, check="", extra="uthreshold 2\nlthreshold 1")
    start(farm, configs.virtual_server(f"{VIP} 7", [full, *servers(farm, 7)[1:2]]))
    farm.wait_pool(f"tcp {VIP}:7", {"s1": 1, "s2": 1})
    held = [Connection(farm.client, VIP) for _ in range(8)]
    try:
        assert sum(one.server == "s1" for one in held) == 2
    finally:
        for one in held:
            one.close()


def test_sctp(farm):
    start(farm, configs.virtual_server(f"{VIP} 99", servers(farm, 99), protocol="SCTP"))
    farm.wait_pool(f"sctp {VIP}:99", ALL)


def test_what_others_made_is_left_alone(farm):
    """A service of somebody else lives through start, reload and stop."""
    farm.d1.execute("ipvsadm", "-A", "-t", f"{VIPS[1]}:80", "-s", "wlc")
    farm.d1.execute("ipvsadm", "-a", "-t", f"{VIPS[1]}:80", "-r", f"{farm.real('s1')}:80", "-m", "-w", "7")
    others = ipvs.services(farm.d1)
    block = configs.virtual_server(f"{VIP} 80", servers(farm))
    daemon = start(farm, block)
    farm.wait_pool(f"tcp {VIP}:80", ALL)
    daemon.reload(configs.config(block, configs.virtual_server(f"{VIPS[2]} 80", servers(farm))))
    farm.wait_pool(f"tcp {VIPS[2]}:80", ALL)
    daemon.stop()
    assert ipvs.services(farm.d1) == others


@pytest.mark.better("keepalived looks at the table no more")
def test_what_somebody_removes_comes_back(farm):
    """Everything, a service, a server; and what was changed by hand meanwhile stays changed."""
    first, second = f"tcp {VIP}:80", f"tcp {VIPS[1]}:80"
    daemon = start(farm, *(configs.virtual_server(f"{vip} 80", servers(farm)) for vip in VIPS[:2]))
    for command in (["-C"], ["-D", "-t", f"{VIP}:80"], ["-d", "-t", f"{VIPS[1]}:80", "-r", f"{farm.real('s1')}:80"]):
        farm.wait_pool(first, ALL)
        farm.wait_pool(second, ALL)
        mark = daemon.log_mark()
        farm.d1.execute("ipvsadm", *command)
        daemon.wait_log("removed by somebody else, adding", since=mark)
    farm.wait_pool(second, ALL)
    farm.d1.execute("ipvsadm", "-e", "-t", f"{VIP}:80", "-r", f"{farm.real('s1')}:80", "-m", "-w", "9")
    farm.d1.execute("ipvsadm", "-D", "-t", f"{VIPS[1]}:80")
    farm.wait_pool(second, ALL)
    assert farm.pool(first) == {**ALL, "s1": 9}


def test_timeouts(farm):
    """lvs_timeouts while it runs, the former ones afterwards."""
    before = farm.d1.execute("ipvsadm", "-l", "--timeout")
    daemon = farm.d1.run(configs.config(configs.virtual_server(f"{VIP} 80", servers(farm)),
                                        extra="lvs_timeouts tcp 700 tcpfin 70 udp 77"))
    farm.wait_pool(f"tcp {VIP}:80", ALL)
    assert "700 70 77" in farm.d1.execute("ipvsadm", "-l", "--timeout")
    daemon.stop()
    assert farm.d1.execute("ipvsadm", "-l", "--timeout") == before


def test_flush(farm):
    """lvs_flush at the start removes what others made."""
    farm.d1.execute("ipvsadm", "-A", "-t", f"{VIPS[1]}:80", "-s", "wlc")
    farm.d1.run(configs.config(configs.virtual_server(f"{VIP} 80", servers(farm)), extra="lvs_flush"))
    farm.wait_pool(f"tcp {VIP}:80", ALL)
    assert names(farm) == {f"tcp {VIP}:80"}
