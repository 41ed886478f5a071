# SPDX-License-Identifier: GPL-2.0-or-later
"""What the director itself must be like, and what is said when it is not."""
import pytest

from netlab import configs, wait_until
from netlab.configs import config, real_server, virtual_server
from netlab.farm import VIP, VIPS

SERVICE = f"tcp {VIP}:80"

pytestmark = pytest.mark.holdfast_only


def one_server(farm, vip=VIP):
    return config(virtual_server(f"{vip} 80", [real_server(farm.real("s1"))]))


def test_forwarding_that_is_off_is_said(farm):
    farm.d1.sysctl("net.ipv4.ip_forward", 0)
    daemon = farm.d1.run(one_server(farm))
    daemon.wait_log(r"NAT needs net\.ipv4\.ip_forward=1, which is 0")
    wait_until(lambda: (daemon.status() or {}).get("forwarding_off") == ["net.ipv4.ip_forward"],
               what="it in the status")
    assert "\n  NAT needs net.ipv4.ip_forward=1, which is 0: clients get no answer\n" in daemon.ctl("status").stdout
    farm.d1.sysctl("net.ipv4.ip_forward", 1)
    daemon.wait_log(r"net\.ipv4\.ip_forward is 1 now")
    wait_until(lambda: (daemon.status() or {}).get("forwarding_off") == [], what="nothing in the status")
    assert "ip_forward" not in daemon.ctl("status").stdout
    assert len(daemon.logged("NAT needs")) == 1


@pytest.mark.skipif(configs.ENGINE != "nftables", reason="IPVS has no table of ours that two could claim")
def test_a_second_daemon_leaves_the_first_alone(farm):
    """The nftables tables have one name: whoever comes second says so and ends."""
    farm.d1.run(one_server(farm))
    farm.wait_pool(SERVICE, {"s1": 1})
    second = farm.d1.run(one_server(farm, VIPS[1]))
    second.wait_log("another holdfast here has virtual servers by nftables")
    assert second.wait_exit() != 0
    assert farm.tally(count=3) == {"s1": 3}


@pytest.mark.skipif(configs.ENGINE != "nftables", reason="IPVS can do it")
def test_what_the_engine_cannot_do_leaves_the_other_services_alone(farm):
    mark = virtual_server("fwmark 5", [real_server(farm.real("s2"), "")], method="DR", protocol="")
    farm.d1.run(one_server(farm) + mark).wait_log("server .* of FWM 5 .*: the nftables engine can't")
    farm.wait_pool(SERVICE, {"s1": 1})
    assert farm.tally(count=3) == {"s1": 3}
