# SPDX-License-Identifier: GPL-2.0-or-later
"""The nftables engine's rules, without the daemon, judged by what clients get."""
import collections
import re
import socket
import struct
import time

import pytest

from netlab import client, configs, nft, ns
from netlab.backend import ECHO
from netlab.client import Connection, Datagrams, Load, ask_udp
from netlab.farm import VIP, VIP6, VIPS
from netlab.fixtures import farm, make_farm  # noqa: F401
from netlab.nft import Rules, ruleset
from netlab.wait import wait_until

pytestmark = pytest.mark.holdfast_only


@pytest.fixture
def rules(farm, tmp_path):  # noqa: F811
    return Rules(farm.d1, tmp_path)


def servers(farm, port=80, family=4, weights=None, only=None):  # noqa: F811
    weights = weights or {}
    return [configs.real_server(farm.real(name, family), port, weights.get(name, 1), check="")
            for name in only or farm.server_names]


def service(farm, name=f"{VIP} 80", port=80, family=4, weights=None, only=None, **more):  # noqa: F811
    return configs.virtual_server(name, servers(farm, port, family, weights, only), **more)


@pytest.mark.parametrize("family", [4, 6])
def test_nat_by_weight(farm, rules, family):
    vip = VIP if family == 4 else VIP6
    rules.apply(service(farm, f"{vip} 80", family=family, weights={"s1": 3, "s2": 2}, scheduler="wrr"))
    assert farm.tally(vip, count=12) == {"s1": 6, "s2": 4, "s3": 2}
    assert farm.ask(vip, count=6)[:3] != ["s1"] * 3


def test_nat_to_another_port(farm, rules):
    rules.apply(service(farm, f"{VIP} 8000"))
    assert farm.tally(port=8000, count=6) == {"s1": 2, "s2": 2, "s3": 2}


def test_udp(farm, rules):
    rules.apply(service(farm, f"{VIP} {ECHO}", ECHO, protocol="UDP"))
    assert collections.Counter(ask_udp(farm.client, VIP, count=9)) == {"s1": 3, "s2": 3, "s3": 3}


def test_weight_0_keeps_connections_and_takes_no_new_ones(farm, rules):
    rules.apply(service(farm, f"{VIP} {ECHO}", ECHO))
    with Connection(farm.client, VIP) as connection:
        name = connection.server
        rules.apply(service(farm, f"{VIP} {ECHO}", ECHO, weights={name: 0}))
        assert connection.ask() == name
        for _ in range(4):
            with Connection(farm.client, VIP) as other:
                assert other.server != name
        assert connection.ask() == name


def test_a_removed_server_takes_no_new_connections(farm, rules):
    rules.apply(service(farm))
    rules.apply(service(farm, only=["s1", "s3"]))
    assert farm.tally(count=6) == {"s1": 3, "s3": 3}
    rules.apply(service(farm))
    assert farm.tally(count=6) == {"s1": 2, "s2": 2, "s3": 2}


@pytest.mark.parametrize("vip,family", [(VIP, 4), (VIP6, 6)])
@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_nobody_is_there(farm, rules, vip, family, method):
    """The ICMP error of IPVS: a connection is refused at once."""
    weights = dict.fromkeys(farm.server_names, 0)
    rules.apply(service(farm, f"{vip} 80", family=family, weights=weights, method=method))
    with pytest.raises(ConnectionRefusedError):
        farm.ask(vip, timeout=2)
    rules.apply(service(farm, f"{vip} 80", family=family, method=method))
    assert len(farm.ask(vip, count=2)) == 2


def test_fo_takes_the_heaviest(farm, rules):
    rules.apply(service(farm, weights={"s2": 5}, scheduler="fo"))
    assert farm.tally(count=4) == {"s2": 4}


def test_sh_keeps_a_client_together(farm, rules):
    rules.apply(service(farm, scheduler="sh"))
    for number in range(200, 220):
        farm.client.ip(f"addr add 192.0.2.{number}/24 dev eth0")
    answers = {}
    for number in range(200, 220):
        source = f"192.0.2.{number}"
        found = set(farm.ask(count=3, source=source))
        assert len(found) == 1
        answers[source] = found.pop()
    assert set(answers.values()) == {"s1", "s2", "s3"}
    rules.apply(service(farm, scheduler="sh", only=["s1", "s2"]))
    kept = [source for source, name in answers.items() if name != "s3"]
    moved = [source for source in kept if farm.ask(source=source) != [answers[source]]]
    assert len(moved) <= len(kept) / 4  # a plain modulo would move half of them


def test_local_clients(farm, rules):
    rules.apply(service(farm))
    assert client.tally(farm.d1, VIP, count=6) == {"s1": 2, "s2": 2, "s3": 2}


def test_masquerade(farm, rules):
    """Servers that don't have the director as gateway answer nevertheless."""
    for node in farm.servers:
        node.ip("route del default table 100")
    rules.apply(service(farm))
    with pytest.raises(OSError):
        farm.ask(timeout=1)
    rules.apply(service(farm, extra="masquerade"))
    assert farm.tally(count=3) == {"s1": 1, "s2": 1, "s3": 1}
    rules.apply(service(farm, f"{VIPS[1]} 80"))
    with pytest.raises(OSError):
        farm.ask(VIPS[1], timeout=1)


@pytest.mark.parametrize("vip,family", [(VIP, 4), (VIP6, 6)])
def test_mark_with_servers_of_their_own_port_and_others(farm, rules, vip, family):
    ip, more = ("ip", "") if family == 4 else ("ip6", "ip_family inet6")
    farm.d1.execute("nft", f"table {ip} marks {{ chain in {{ type filter hook prerouting priority mangle; "
                           f"{ip} daddr {vip} tcp dport {{ 80, 8000 }} meta mark set 5; }}; }}")
    own = configs.real_server(farm.real("s1", family), 80, check="")
    rest = servers(farm, 0, family, only=["s2", "s3"])
    rules.apply(configs.virtual_server("fwmark 5", [own, *rest], protocol="", extra=more))
    assert farm.tally(vip, count=6) == {"s1": 2, "s2": 2, "s3": 2}
    assert farm.tally(vip, 8000, count=1) == {"s1": 1}
    rules.apply(configs.virtual_server("fwmark 5", rest, protocol="", extra=more))
    assert farm.tally(vip, count=4) == {"s2": 2, "s3": 2}
    rules.apply(configs.virtual_server("fwmark 5", [own, *rest[:1]], protocol="", extra=more))
    assert farm.tally(vip, count=4) == {"s1": 2, "s2": 2}


def test_mark(farm, rules):
    farm.d1.execute("nft", f"table ip marks {{ chain in {{ type filter hook prerouting priority mangle; "
                           f"ip daddr {VIP} tcp dport {{ 80, 8000 }} meta mark set 5; }}; }}")
    before = ruleset(farm.d1)
    rules.apply(service(farm, "fwmark 5", protocol=""))
    assert farm.tally(count=3) == farm.tally(port=8000, count=3) == {"s1": 1, "s2": 1, "s3": 1}
    rules.apply(service(farm, "fwmark 5", protocol="", weights=dict.fromkeys(farm.server_names, 0)))
    with pytest.raises(ConnectionRefusedError):
        farm.ask(timeout=2)
    rules.stop()
    assert ruleset(farm.d1) == before


def test_any_port(farm, rules):
    rules.apply(service(farm, f"{VIP}", "", extra="persistence_timeout 60"))
    first = farm.ask()
    assert farm.ask(count=3) == first * 3
    with Connection(farm.client, VIP) as connection:
        assert [connection.server] == first


@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_persistence(farm, rules, method):
    for number in (200, 201, 210):
        farm.client.ip(f"addr add 192.0.2.{number}/24 dev eth0")
    extra = "persistence_timeout 3\npersistence_granularity 255.255.255.248"

    def apply(**more):
        rules.apply(service(farm, method=method, extra=extra, **more))

    def ask(number, count=1):
        return farm.ask(source=f"192.0.2.{number}", count=count)

    apply()
    name = ask(200)[0]
    assert ask(200, 4) == [name] * 4
    assert ask(201, 2) == [name] * 2  # of the same /29
    if method == "NAT":
        assert ask(210)[0] != name
    apply(weights={name: 0})
    assert ask(200, 2) == [name] * 2  # as with IPVS: templates outlive the weight
    apply(only=[other for other in farm.server_names if other != name])
    second = ask(201)[0]
    assert second != name
    apply()
    assert ask(200, 3) == [second] * 3


def test_persistence_ends(farm, rules):
    rules.apply(service(farm, extra="persistence_timeout 1"))
    first = farm.ask(count=2)
    assert len(set(first)) == 1
    time.sleep(1.3)
    assert farm.ask() != first[:1]


@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_persistence_outlives_a_change_of_its_time(farm, rules, method):
    rules.apply(service(farm, method=method, extra="persistence_timeout 60"))
    first = farm.ask()
    for seconds in (60, 90, 50):
        rules.apply(service(farm, method=method, weights={first[0]: 0}, extra=f"persistence_timeout {seconds}"))
        assert farm.ask(count=3) == first * 3


@pytest.mark.parametrize("family", [4, 6])
def test_dr(farm, rules, family):
    """Answers come from the servers themselves: the director sees none of them."""
    vip = VIP if family == 4 else VIP6
    rules.apply(service(farm, f"{vip} 80", family=family, weights={"s1": 2}, method="DR", scheduler="wrr"))
    found = farm.tally(vip, count=400)
    assert sum(found.values()) == 400
    assert 150 < found["s1"] < 250 and 60 < found["s2"] < 140 and 60 < found["s3"] < 140
    sent = farm.d1.execute("nstat", "-asz", "IpForwDatagrams", "Ip6OutForwDatagrams").split("\n", 1)[1]
    assert all(line.split()[1] in ("0", "0.0") for line in sent.splitlines()), sent


def test_dr_connections_stay_when_servers_come_and_go(farm, rules):
    def apply(**more):
        rules.apply(service(farm, f"{VIP} {ECHO}", ECHO, method="DR", **more))

    apply(only=["s1", "s2"])
    connections = [Connection(farm.client, VIP) for _ in range(20)]
    assert {c.server for c in connections} == {"s1", "s2"}
    apply()
    apply(weights={"s1": 0})
    for c in connections:
        assert c.ask() == c.server
    assert all(Connection(farm.client, VIP).server != "s1" for _ in range(10))
    for c in connections:
        c.close()


def end_and_connect_again(farm):  # noqa: F811
    """A connection that has the ends of one that is over."""
    def body():
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset: at once
            sock.settimeout(3)
            sock.bind(("", 5555))
            sock.connect((VIP, 80))
            return client.get(sock, VIP, keep=True)
    return ns.inside(farm.client.namespace, body)


@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_a_new_connection_of_an_old_port_is_new(farm, rules, method):
    """A client with many connections (a proxy) has each port again soon: it must not lead to servers of weight 0."""
    rules.apply(service(farm, method=method))
    first = end_and_connect_again(farm)
    rules.apply(service(farm, method=method, weights={first: 0}))
    assert end_and_connect_again(farm) != first


def test_dr_whoever_only_asks_is_soon_forgotten(farm, rules):
    rules.apply(service(farm, method="DR"))
    for node in farm.servers:
        node.execute("nft", "add table netdev deaf; add chain netdev deaf c { type filter hook ingress device eth1 "
                            "priority 0; ether type ip tcp dport 80 drop; }")
    with pytest.raises(OSError):
        farm.ask(timeout=0.2)
    assert re.search(r"expires \d+s", nft.elements(farm.d1, "netdev", "flows"))
    for node in farm.servers:
        node.execute("nft", "delete table netdev deaf")
    with Connection(farm.client, VIP, 80, greet=False) as connection:
        connection.send(b"x")
        wait_until(lambda: "expires 14m" in nft.elements(farm.d1, "netdev", "flows"), what="a flow of a connection")


def flow_hash(source, source_port, address, port):
    """The number that the rules give a TCP connection: Jenkins' lookup3, in the kernel's form."""
    data = struct.pack("!4sHxx4sHxxBxxx", socket.inet_aton(source), source_port, socket.inet_aton(address), port, 6)
    words = struct.unpack("<5I", data)
    start = 0xdeadbeef + len(data) + 0x686f6c64
    v = [start + word & 0xffffffff for word in words[:3]]  # a, b, c

    def rotate(x, bits):
        return x << bits & 0xffffffff | x >> 32 - bits
    for number, bits in enumerate((4, 6, 8, 16, 19, 4)):
        one, other, third = number % 3, (number - 1) % 3, (number + 1) % 3
        v[one] = (v[one] - v[other] & 0xffffffff) ^ rotate(v[other], bits)
        v[other] = v[other] + v[third] & 0xffffffff
    v[0], v[1] = v[0] + words[3] & 0xffffffff, v[1] + words[4] & 0xffffffff
    for number, bits in enumerate((14, 11, 25, 16, 4, 14, 24)):
        one, other = (number + 2) % 3, (number + 1) % 3
        v[one] = (v[one] ^ v[other]) - rotate(v[other], bits) & 0xffffffff
    return v[2] * 0xffffffff >> 32


def find_same_hash(source, one, other):
    """Two ports of the client from which connections to the two addresses have the same number; None."""
    ports = range(1024, 65536)
    first = {flow_hash(source, port, one, ECHO): port for port in ports}
    return next(((first[number], port) for port in ports
                 if (number := flow_hash(source, port, other, ECHO)) in first), None)


def connect_from(node, port, address):
    def body():
        sock = socket.socket()
        sock.settimeout(3)
        sock.bind(("", port))
        sock.connect((address, ECHO))
        return sock
    return ns.inside(node.namespace, body)


def server_of(sock):
    sock.sendall(b"1\n")
    return sock.recv(100).decode().split()[0]


def test_dr_connections_of_the_same_hash(farm, rules):
    """Neither takes the other's memory away."""
    one_port, other_port, address = next(
        (*found, address) for address in VIPS[1:] if (found := find_same_hash(farm.client.address(), VIP, address)))
    rules.apply(service(farm, f"{VIP} {ECHO}", ECHO, method="DR"))
    with connect_from(farm.client, one_port, VIP) as one:
        name = server_of(one)
        text = service(farm, f"{VIP} {ECHO}", ECHO, method="DR", weights={name: 0})
        others = [other for other in farm.server_names if other != name]
        rules.apply(text + service(farm, f"{address} {ECHO}", ECHO, method="DR", only=others))
        with connect_from(farm.client, other_port, address) as other:
            assert server_of(other) in others
            assert server_of(one) == name


def test_dr_connections_stay_on_another_director(make_farm, tmp_path):  # noqa: F811
    farm = make_farm(directors=2)
    text = service(farm, f"{VIP} {ECHO}", ECHO, method="DR")
    both = [Rules(node, tmp_path) for node in farm.directors]
    for one in both:
        one.apply(text)
    connections = [Connection(farm.client, VIP) for _ in range(12)]
    assert len({c.server for c in connections}) > 1
    farm.d1.ip(f"addr del {VIP}/24 dev eth0")
    farm.d2.ip(f"addr add {VIP}/24 dev eth0")
    farm.client.ip(f"neigh replace {VIP} lladdr {farm.d2.mac()} dev eth0")
    for c in connections:
        assert c.ask() == c.server
        c.close()


def test_dr_udp_and_ops(farm, rules):
    rules.apply(service(farm, f"{VIP} {ECHO}", ECHO, method="DR", protocol="UDP"))
    assert set(ask_udp(farm.client, VIP, count=30)) == {"s1", "s2", "s3"}
    rules.apply(service(farm, f"{VIP} {ECHO}", ECHO, method="DR", protocol="UDP", extra="ops"))

    def one_socket():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(2)
            names = []
            for _ in range(6):
                sock.sendto(b"x", (VIP, ECHO))
                names.append(sock.recv(100).decode().split()[0])
            return names

    assert collections.Counter(ns.inside(farm.client.namespace, one_socket)) == {"s1": 2, "s2": 2, "s3": 2}


def test_from_nat_to_dr_and_back(farm, rules):
    for method in ("NAT", "DR", "NAT"):
        rules.apply(service(farm, method=method))
        assert set(farm.ask(count=20)) == {"s1", "s2", "s3"}
    assert "holdfast_lvs" in ruleset(farm.d1)


@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_replaced_under_load(farm, rules, method):
    """Fifty times the service changes, every tenth time everything is replaced: no request fails. (DR
    forgets the flows of a server that is gone, as IPVS does: there it is a weight that changes.)"""
    rules.apply(service(farm, method=method))
    with Load(farm.client, VIP, rate=200) as load:
        for number in range(50):
            only = farm.server_names[:2 + number % 2 if method == "NAT" else 3]
            weights = {"s1": 1 + number % 3, "s3": number % 2}
            text = service(farm, method=method, only=only, weights=weights, scheduler="wrr")
            rules.restart(text) if number % 10 == 9 else rules.apply(text)
        load.wait(100)
        outcome = load.stop()
    assert outcome.failures == []
    assert set(outcome.answers) == {"s1", "s2", "s3"}


@pytest.mark.parametrize("method,timeout,fewer", [("DR", None, 2), ("DR", None, 1), ("DR", None, 0), ("NAT", 60, 2),
                                                  ("NAT", 60, 0), ("DR", 60, 1)])
def test_packet_on_its_way_through_a_change_forgets_nothing(farm, rules, method, timeout, fewer):
    """Whoever is remembered stays with his server, also when the packet that asks for it meets the old
    rules' maps just after they have gone, and whether the rules have a choice of others, one or none. (The
    rate is what makes that likely: thousands of changes.)"""
    all_of_them, some = (service(farm, method=method, weights=dict.fromkeys(farm.server_names[count:], 0),
                                 extra=f"persistence_timeout {timeout}" if timeout else "") for count in (3, fewer))
    rules.apply(all_of_them)
    with Load(farm.client, VIP, rate=9000, keepalive=0 if timeout else 20) as first, \
            Load(farm.client, VIP, rate=9000, keepalive=0 if timeout else 20) as second:
        first.wait(50)
        second.wait(50)
        assert rules.flip(all_of_them, some, 8) > 100
        outcomes = [load.stop() for load in (first, second)]
    assert [one.failures for one in outcomes] == [[], []]
    assert not timeout or [len(one.answers) for one in outcomes] == [1, 1]


def test_packet_on_its_way_out_of_a_refusal_gets_no_wrong_flow(farm, rules):
    """Datagrams that nobody takes are refused as long as that is so. If one reached the director's own stack,
    connection tracking would keep the flow there as long as the client sends."""
    some, none = (service(farm, f"{VIP} {ECHO}", ECHO, protocol="UDP", weights=weights)
                  for weights in ({}, dict.fromkeys(farm.server_names, 0)))
    rules.apply(some)
    with Datagrams(farm.client, VIP) as load:
        assert rules.flip(some, none, 12) > 100
        answered, never = load.stop()
    assert answered > 100 and never == 0


def test_what_others_have_is_left_alone(farm, rules):
    farm.d1.execute("nft", "table inet other { map m { type ipv4_addr : ipv4_addr; }; chain c { "
                           "type nat hook prerouting priority -90; counter; }; }")
    before = nft.ruleset(farm.d1)
    rules.apply(service(farm))
    rules.restart(service(farm, method="DR"))
    rules.stop()
    assert nft.ruleset(farm.d1) == before
