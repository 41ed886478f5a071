# SPDX-License-Identifier: GPL-2.0-or-later
"""The lvs process and IPVS: where it works, what the kernel refuses, what it may do."""
import os
import signal
import subprocess
import time

import pytest

from netlab import configs, daemons, ipvs
from netlab.farm import VIP, VIPS
from netlab.wait import wait_until

pytestmark = pytest.mark.ipvs

SERVICE = f"tcp {VIP}:80"
ALL = {"s1": 1, "s2": 1}


def service(farm, vip=VIP, **more):
    return configs.virtual_server(f"{vip} 80", [configs.real_server(farm.real(name)) for name in ALL], **more)


def test_services_in_another_namespace(farm):
    """net_namespace_ipvs moves the services, and nothing else: addresses are looked for at home."""
    text = f"net_namespace_ipvs {farm.s3.namespace}\n" + configs.config(service(farm, extra="ha_suspend"))
    daemon = farm.d1.run(text)
    wait_until(lambda: SERVICE in ipvs.table(farm.s3) and len(ipvs.table(farm.s3)[SERVICE].servers) == 2,
               what="the service in the other namespace", interval=0.1)
    assert ipvs.table(farm.d1) == {}
    farm.kill("s1")
    wait_until(lambda: len(ipvs.table(farm.s3)[SERVICE].servers) == 1, what="a server taken out there", interval=0.1)
    daemon.stop()
    assert ipvs.table(farm.s3) == {}


@pytest.mark.holdfast_only
def test_a_refused_service_stops_no_other(farm):
    """The kernel knows no such engine: that is said, the others serve, and nothing is left behind."""
    bad = service(farm, VIPS[1], extra="persistence_timeout 60\npersistence_engine nosuch")
    daemon = farm.d1.run(configs.config(bad, service(farm)))
    farm.wait_pool(SERVICE, ALL)
    assert set(ipvs.table(farm.d1)) == {SERVICE}
    daemon.wait_ready()
    daemon.wait_log(r"the kernel refuses to add service \[192\.0\.2\.101\]:tcp:80 .*engine")
    errors = {one["name"]: one.get("error") for one in daemon.status()["virtual_servers"]}
    assert errors[f"[{VIPS[1]}]:tcp:80"] and not errors[f"[{VIP}]:tcp:80"]
    farm.kill("s1")
    farm.wait_pool(SERVICE, {"s2": 1})
    daemon.reload(configs.config(service(farm, VIPS[1]), service(farm)))
    wait_until(lambda: f"tcp {VIPS[1]}:80" in ipvs.table(farm.d1), what="the service without the engine", interval=0.1)
    daemon.stop()
    assert ipvs.table(farm.d1) == {}


def test_the_options_of_a_sync_daemon(farm):
    daemon = farm.d1.run(configs.config(service(farm), extra=(
        "lvs_sync_daemon eth1 id 7 maxlen 1400 port 8900 ttl 3 group 224.0.0.90")))
    wait_until(lambda: set(ipvs.sync_daemons(farm.d1)) == {"master", "backup"}, what="both sync daemons", interval=0.2)
    for words in ipvs.sync_daemons(farm.d1).values():
        assert {"syncid=7", "maxlen=1400", "port=8900", "group=224.0.0.90"} <= set(words.split(", "))
    assert "ttl=3" in ipvs.sync_daemons(farm.d1)["master"]
    daemon.reload(configs.config(service(farm), extra="lvs_sync_daemon eth1 id 8"))
    wait_until(lambda: ["syncid=8" in words for words in ipvs.sync_daemons(farm.d1).values()] == [True, True],
               what="another id", interval=0.2)
    daemon.reload(configs.config(service(farm)))
    wait_until(lambda: not ipvs.sync_daemons(farm.d1), what="no sync daemon", interval=0.2)


def lvs_pid(daemon):
    return next(one["pid"] for one in daemon.status()["processes"] if one["name"] == "lvs")


def kill_lvs(daemon):
    """Kills the lvs process and waits for its successor."""
    daemon.wait_ready()
    before = lvs_pid(daemon)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: lvs_pid(daemon) not in (0, before), what="another lvs process", interval=0.1)


@pytest.mark.holdfast_only
@pytest.mark.parametrize("end", ["stop", "reload"])
def test_the_former_timeouts_outlive_a_crash(farm, end):
    """What the kernel had before us is given back by whoever of us is there at the end."""
    before = farm.d1.execute("ipvsadm", "-l", "--timeout")
    text = configs.config(service(farm), extra="lvs_timeouts tcp 700 tcpfin 70 udp 77")
    daemon = farm.d1.run(text)
    farm.wait_pool(SERVICE, ALL)
    daemon.wait_ready()
    assert daemon.ctl("reload").returncode == 0     # on another board
    kill_lvs(daemon)
    assert "700 70 77" in farm.d1.execute("ipvsadm", "-l", "--timeout")
    if end == "stop":
        daemon.stop()
    else:
        daemon.configure(configs.config(service(farm)))
        assert daemon.ctl("reload").returncode == 0
    assert farm.d1.execute("ipvsadm", "-l", "--timeout") == before


@pytest.mark.holdfast_only
@pytest.mark.parametrize("rest", [True, False], ids=["another", "none"])
def test_death_during_a_reload_leaves_nothing_behind(farm, rest):
    """The lvs process dies before it has taken the configuration that has a service no more: its
    successor knows of it, and tells nothing twice."""
    other = f"tcp {VIPS[1]}:80"
    daemon = farm.d1.run(configs.config(service(farm), service(farm, VIPS[1])))
    farm.wait_pool(SERVICE, ALL)
    farm.wait_pool(other, ALL)
    daemon.wait_ready()
    mark, pid = daemon.log_mark(), lvs_pid(daemon)
    os.kill(pid, signal.SIGSTOP)
    daemon.reload(configs.config(service(farm)) if rest else configs.config())
    daemon.wait_log("[0-9]+ changes?, ", since=mark)
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    daemon.wait_log("Reload complete", since=mark)
    wait_until(lambda: set(ipvs.table(farm.d1)) == ({SERVICE} if rest else set()), what="the service gone", interval=0.1)
    assert not daemon.logged("Gained quorum", since=mark)


@pytest.mark.holdfast_only
def test_without_the_right_to_change_services_it_does_not_start(farm):
    daemon = daemons.Holdfast(farm.d1, configs.config(service(farm)))
    done = subprocess.run(["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", *daemon.command()],
                          capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 4 and "no permission to change virtual servers" in done.stderr


@pytest.mark.holdfast_only
def test_it_may_change_the_network_and_nothing_else(farm):
    daemon = farm.d1.run(configs.config(service(farm)))
    farm.wait_pool(SERVICE, ALL)
    daemon.wait_ready()
    pid = lvs_pid(daemon)
    with open(f"/proc/{pid}/status", encoding="ascii") as handle:
        status = dict(line.split(":\t", 1) for line in handle.read().splitlines() if ":\t" in line)
    for kind in ("CapPrm", "CapEff", "CapBnd"):
        assert int(status[kind], 16) == 1 << 12, kind   # CAP_NET_ADMIN
    assert status["NoNewPrivs"].strip() == "1"
