# SPDX-License-Identifier: GPL-2.0-or-later
"""The nftables engine in the daemon: what the cases of tests/lvs, which both engines pass, don't ask."""
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import pytest

from netlab import configs, nft, ns, packets
from netlab.backend import ECHO
from netlab.farm import VIP, VIPS
from netlab.fixtures import farm, make_farm  # noqa: F401
from netlab.wait import wait_until

pytestmark = pytest.mark.holdfast_only
ALL = {"s1", "s2", "s3"}
REFUSE_RULES = os.path.join(os.path.dirname(__file__), "..", "netlab", "preload", "refuse_rules.c")


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    monkeypatch.setattr(configs, "ENGINE", "nftables")


def servers(farm, port=80, check=configs.TCP_CHECK, only=None):  # noqa: F811
    return [configs.real_server(farm.real(name), port, check=check) for name in only or farm.server_names]


def start(farm, *blocks, extra=""):  # noqa: F811
    daemon = farm.d1.run(configs.config(*blocks, extra=extra))
    wait_until(lambda: "svc-" in nft.ruleset(farm.d1), what="a service")
    daemon.wait_log("Startup complete")  # before that a reload is refused
    return daemon


def wait_answers(farm, wanted, count=20, address=VIP):  # noqa: F811
    """Until just these servers answer, and nothing fails."""
    def so():
        try:
            return set(farm.ask(address, count=count, timeout=1)) == wanted
        except OSError:
            return False
    wait_until(so, what=f"answers of {wanted}", interval=0.1)


def datagrams(node, then):
    """One socket that asks; `then` is called after the first answer. The names of all that answered."""
    def body():
        names = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            sock.connect((VIP, ECHO))
            end = time.monotonic() + 8
            while time.monotonic() < end and len(set(names)) < 2:
                try:
                    sock.send(b"x")
                    name = sock.recv(100).decode().split()[0]
                except OSError:
                    continue
                if not names:
                    then(name)
                names.append(name)
        return names
    return ns.inside(node.namespace, body)


def test_a_flow_of_datagrams_leaves_a_dead_server(farm):
    """Connection tracking would keep it there as long as the client sends."""
    check = configs.TCP_CHECK.replace("{\n", f"{{\n    connect_port {ECHO}\n", 1)
    start(farm, configs.virtual_server(f"{VIP} {ECHO}", servers(farm, ECHO, check), protocol="UDP"))
    names = datagrams(farm.client, farm.kill)
    assert len(set(names)) == 2


def test_other_flows_stay(farm):
    check = configs.TCP_CHECK.replace("{\n", f"{{\n    connect_port {ECHO}\n", 1)
    start(farm, configs.virtual_server(f"{VIP} {ECHO}", servers(farm, ECHO, check), protocol="UDP"))
    names = datagrams(farm.client, lambda name: farm.kill(next(n for n in farm.server_names if n != name)))
    assert len(set(names)) == 1 and len(names) > 20


def test_flows_of_another_service_stay(farm):
    """A service by mark loses the server that a flow of datagrams to another service has."""
    udp = configs.virtual_server(f"{VIP} {ECHO}", servers(farm, ECHO, ""), protocol="UDP")

    def marked(only):
        return configs.virtual_server("fwmark 5", servers(farm, check="", only=only), protocol="")
    daemon = start(farm, udp, marked(farm.server_names))

    def lose(name):
        mark = daemon.log_mark()
        daemon.reload(configs.config(udp, marked([one for one in farm.server_names if one != name])))
        daemon.wait_log("removed", since=mark)
    names = datagrams(farm.client, lose)
    assert len(set(names)) == 1 and len(names) > 20


def replug(farm, node):  # noqa: F811
    """Another eth1."""
    node.ip("link del eth1")
    ns.run("ip", "-n", farm.switch, *f"link add {node.name}1 type veth peer name eth1 netns {node.namespace}".split())
    ns.run("ip", "-n", farm.switch, *f"link set {node.name}1 master br1 up".split())
    node.ip(f"addr add {node.address(1)}/24 dev eth1")
    node.ip("link set eth1 up")


def test_dr_follows_interfaces(farm):
    """The interface to the servers goes and comes again, as another one of the same name."""
    daemon = start(farm, configs.virtual_server(f"{VIP} 80", servers(farm, check=""), method="DR"))
    wait_answers(farm, ALL)
    farm.d1.ip("link set eth1 down")
    with pytest.raises(OSError):
        farm.ask(timeout=1)
    wait_until(lambda: "fwd" not in nft.ruleset(farm.d1), what="no way to the servers in the rules")
    assert daemon.log().count("it is no neighbour") == 3
    wrong = ["3 servers get nothing: by the routing table they are no neighbours; the first is " + farm.real("s1")]
    wait_until(lambda: daemon.status()["problems"] == wrong, what="word of it in the status")
    farm.d1.ip("link set eth1 up")
    wait_answers(farm, ALL)
    wait_until(lambda: not daemon.status()["problems"], what="a good status")
    replug(farm, farm.d1)
    wait_answers(farm, ALL)


def send_syn(farm, source_port, tag=b""):  # noqa: F811
    """A first packet of a connection to the service, as a frame."""
    tcp = struct.pack("!HHIIBBHHH", source_port, 80, 1, 0, 0x50, 2, 1024, 0, 0)
    packet = packets.build_ip(farm.client.address(), VIP, tcp, protocol=socket.IPPROTO_TCP)
    frame = bytes.fromhex((farm.d1.mac() + farm.client.mac()).replace(":", "")) + tag + b"\x08\x00" + packet

    def body():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind(("eth0", 0))
            sock.send(frame)
    ns.inside(farm.client.namespace, body)


def flows(farm):  # noqa: F811
    return farm.d1.execute("nft", "list", "map", "netdev", nft.TABLE, "flows").count("expires")


def test_dr_leaves_other_vlans_alone(farm):
    """What has a tag on an interface belongs to another one."""
    start(farm, configs.virtual_server(f"{VIP} 80", servers(farm, check=""), method="DR"))
    wait_until(lambda: "fwd" in nft.ruleset(farm.d1), what="ways to the servers")
    send_syn(farm, 1000, tag=b"\x81\x00\x00\x07")
    send_syn(farm, 1001)
    wait_until(lambda: flows(farm), what="the flow of the frame without a tag")
    time.sleep(0.2)
    assert flows(farm) == 1


def test_dr_on_a_macvlan(farm):
    """As use_vmac makes them; it comes when the daemon already runs."""
    start(farm, configs.virtual_server(f"{VIP} 80", servers(farm, check=""), method="DR"))
    farm.d1.ip(f"addr del {VIP}/24 dev eth0")
    farm.d1.ip("link add vrrp.7 link eth0 address 00:00:5e:00:01:07 type macvlan mode private")
    farm.d1.ip(f"addr add {VIP}/32 dev vrrp.7")
    farm.d1.ip("link set vrrp.7 up")
    farm.client.ip(f"neigh replace {VIP} lladdr 00:00:5e:00:01:07 dev eth0")
    wait_answers(farm, ALL)


def test_a_worker_that_dies_leaves_everything(farm):
    daemon = start(farm, configs.virtual_server(f"{VIP} 80", servers(farm), extra="persistence_timeout 300"))
    name = farm.ask()[0]
    os.kill(next(p["pid"] for p in daemon.status()["processes"] if p["name"] == "lvs"), signal.SIGKILL)
    for _ in range(30):
        assert farm.ask(timeout=1) == [name]
        time.sleep(0.05)
    farm.kill(name)
    wait_until(lambda: farm_answers(farm) not in (None, name), what="another server")


def test_a_predecessor_that_was_killed_may_still_be_there_for_a_moment(farm):
    def hold():
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.bind(f"\0holdfast/{nft.TABLE}")
        return sock
    held = ns.inside(farm.d1.namespace, hold)
    release = threading.Timer(0.7, held.close)
    release.start()
    start(farm, configs.virtual_server(f"{VIP} 80", servers(farm)))
    release.join()
    wait_answers(farm, ALL)


@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_tables_removed_by_somebody_else_come_again(farm, method):
    daemon = start(farm, configs.virtual_server(f"{VIP} 80", servers(farm), method=method))
    wait_answers(farm, ALL)
    commands = ["flush ruleset", f"delete table inet {nft.TABLE}"]
    for command in commands + [f"delete table netdev {nft.TABLE}"] * (method == "DR"):
        mark = daemon.log_mark()
        farm.d1.execute("nft", *command.split())
        daemon.wait_log("removed by somebody else", since=mark)
        wait_answers(farm, ALL)
        farm.kill("s3")
        wait_answers(farm, {"s1", "s2"})
        farm.revive("s3")
        wait_answers(farm, ALL)
        assert not daemon.logged("refuses", mark)


@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_a_reload_puts_emptied_chains_right(farm, method):
    """Table and chains stay, only the rules go: nothing tells but the number of the ruleset."""
    daemon = start(farm, configs.virtual_server(f"{VIP} 80", servers(farm), method=method))
    wait_answers(farm, ALL)
    for _ in range(2):
        farm.d1.execute("nft", "flush", "table", "inet" if method == "NAT" else "netdev", nft.TABLE)
        assert farm_answers(farm) is None
        assert daemon.ctl("reload").returncode == 0
        wait_answers(farm, ALL)


def test_a_reload_among_strangers_keeps_memory(farm):
    """Others write rules all the time; a client stays with its server nevertheless."""
    daemon = start(farm, configs.virtual_server(f"{VIP} 80", servers(farm), extra="persistence_timeout 300"))
    name = farm.ask()[0]
    for number in range(3):
        farm.d1.execute("nft", f"add table inet other{number}")
        assert daemon.ctl("reload").returncode == 0
        assert set(farm.ask(count=5)) == {name}


def farm_answers(farm):  # noqa: F811
    try:
        return farm.ask(timeout=1)[0]
    except OSError:
        return None


def test_masquerade(farm):
    for node in farm.servers:
        node.ip("route del default table 100")
    start(farm, configs.virtual_server(f"{VIP} 80", servers(farm), extra="masquerade"))
    wait_answers(farm, ALL)


def test_groups_need_no_marks(farm):
    group = f"virtual_server_group G {{\n    {VIP} 80\n    {VIPS[1]} 80\n}}\n"
    start(farm, group, configs.virtual_server("group G", servers(farm)), extra="nftables_ipvs")
    wait_answers(farm, ALL)
    wait_answers(farm, ALL, address=VIPS[1])
    assert "keepalived_ipvs" not in nft.ruleset(farm.d1)


def test_a_server_that_can_not_be_served(farm):
    """The others are, and the log says which one isn't."""
    reals = servers(farm, check="")
    reals[0] = reals[0].replace("weight 1", "weight 1\n    lvs_method TUN")
    daemon = start(farm, configs.virtual_server(f"{VIP} 80", reals))
    wait_answers(farm, {"s2", "s3"})
    wait_until(lambda: farm.real("s1") in daemon.log() and "can't forward" in daemon.log(), what="a line in the log")


def test_the_end_leaves_nothing(farm):
    farm.d1.execute("nft", "add table inet other")
    farm.d1.execute("nft", "add chain inet other c { type nat hook prerouting priority -90; }")
    before = nft.ruleset(farm.d1)
    daemon = start(farm, configs.virtual_server(f"{VIP} 80", servers(farm)),
                   configs.virtual_server(f"{VIPS[1]} 80", servers(farm), method="DR"))
    wait_answers(farm, ALL)
    assert daemon.stop() == 0
    assert nft.ruleset(farm.d1) == before


@pytest.fixture
def refusing(farm):  # noqa: F811
    """The environment of a daemon for which the kernel refuses the rules of VIPS[1]."""
    library = subprocess.run(["sh", "-c", "ldconfig -p | sed -n 's/.*libnftables.so.1 .*=> //p' | head -n 1"],
                             capture_output=True, text=True, check=True).stdout.strip()
    os.mkdir(farm.path("libraries"))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", farm.path("libraries/libnftables.so.1"), REFUSE_RULES], check=True)
    return {"LD_LIBRARY_PATH": farm.path("libraries"), "REAL_NFTABLES": library,
            "REFUSE_RULES": f"svc-tcp-{VIPS[1]}-80"}


def test_a_service_that_the_kernel_refuses_takes_no_other_along(farm, refusing):
    """Neither at the start, nor when a new worker finds what is there."""
    blocks = [configs.virtual_server(f"{vip} 80", servers(farm)) for vip in VIPS[:4]]
    daemon = farm.d1.run(configs.config(*blocks), env=refusing)
    for vip in (VIPS[0], VIPS[2], VIPS[3]):
        wait_answers(farm, ALL, address=vip)
    status = daemon.ctl("status")
    assert status.returncode == 1
    assert re.findall("(\\S+) tcp is not as it should be, the kernel refuses", status.stdout) == [f"{VIPS[1]}:80"]
    os.kill(next(p["pid"] for p in daemon.status()["processes"] if p["name"] == "lvs"), signal.SIGKILL)
    for _ in range(30):
        farm.ask(VIPS[2], timeout=1)
        time.sleep(0.05)
    daemon.wait_log("lvs worker is ready again")
    farm.kill("s3")
    for vip in (VIPS[0], VIPS[2], VIPS[3]):
        wait_answers(farm, {"s1", "s2"}, address=vip)
