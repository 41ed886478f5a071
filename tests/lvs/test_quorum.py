# SPDX-License-Identifier: GPL-2.0-or-later
"""Weights, quorum, sorry server and the scripts that are told of them."""
import os
import time

import pytest

from netlab import backend, configs
from netlab.client import Connection
from netlab.farm import VIP
from netlab.wait import wait_until

SERVICE = f"tcp {VIP}:80"


def servers(farm, names, **more):
    return [configs.real_server(farm.real(name), **more) for name in names]


def start(farm, reals, **more):
    return farm.d1.run(configs.config(configs.virtual_server(f"{VIP} 80", reals, **more)))


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as handle:
        return handle.read().split()


def test_weight_follows_a_script(farm):
    """misc_dynamic: the exit status is the weight plus two, and the traffic follows."""
    wanted = farm.write("weight", "5\n")
    script = farm.script("weight.sh", f"exit $(cat {wanted})")
    dynamic = f'MISC_CHECK {{\n    misc_path "{script}"\n    misc_dynamic\n}}'
    start(farm, [*servers(farm, ["s1"], check=dynamic), *servers(farm, ["s2"])], scheduler="wrr")
    farm.wait_pool(SERVICE, {"s1": 3, "s2": 1})
    assert farm.tally(count=8) == {"s1": 6, "s2": 2}
    farm.write("weight", "3\n")
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    assert farm.tally(count=8) == {"s1": 4, "s2": 4}
    farm.write("weight", "2\n")
    farm.wait_pool(SERVICE, {"s1": 0, "s2": 1})
    assert farm.tally(count=4) == {"s2": 4}
    farm.write("weight", "1\n")
    farm.wait_pool(SERVICE, {"s2": 1})
    farm.write("weight", "7\n")
    farm.wait_pool(SERVICE, {"s1": 5, "s2": 1})


def test_the_weight_of_a_script_outlives_a_retry(farm):
    """What is asked of the checker while a failure is being retried is the weight it had before."""
    wanted, runs = farm.write("weight", "5\n"), farm.write("runs", "")
    script = farm.script("weight.sh", f"status=$(cat {wanted}); echo $status >> {runs}; exit $status")
    dynamic = (f'MISC_CHECK {{\n    misc_path "{script}"\n    misc_dynamic\n'
               '    retry 3\n    delay_before_retry 20\n}')
    config = configs.config(configs.virtual_server(f"{VIP} 80", [
        *servers(farm, ["s1"], check=dynamic), *servers(farm, ["s2"])], scheduler="wrr"))
    daemon = farm.d1.run(config)
    farm.wait_pool(SERVICE, {"s1": 3, "s2": 1})
    farm.write("weight", "1\n")
    wait_until(lambda: "1" in lines(runs), what="a run that fails", interval=0.1)
    daemon.reload(config)
    time.sleep(1)
    assert farm.pool(SERVICE) == {"s1": 3, "s2": 1}


@pytest.mark.parametrize("inhibit", [False, True], ids=["", "inhibit"])
def test_sorry_server(farm, inhibit):
    """It serves while no real server does, and only then."""
    extra = f"sorry_server {farm.real('s3')} 80" + ("\nsorry_server_inhibit" if inhibit else "")
    start(farm, servers(farm, ["s1", "s2"]), extra=extra)
    idle = {"s3": 0} if inhibit else {}
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1, **idle})
    assert farm.tally(count=4) == {"s1": 2, "s2": 2}
    farm.kill("s1")
    farm.wait_pool(SERVICE, {"s2": 1, **idle})
    farm.kill("s2")
    farm.wait_pool(SERVICE, {"s3": 1})
    assert farm.tally(count=4) == {"s3": 4}
    farm.revive("s2")
    farm.wait_pool(SERVICE, {"s2": 1, **idle})
    assert farm.tally(count=4) == {"s2": 4}


@pytest.mark.parametrize("address, port, more", [(VIP, 8080, ""), (VIP, 80, ""),
                                                 ("127.0.0.1", 80, "\nsorry_server_lvs_method DR")],
                         ids=["other-port", "same-port", "loopback"])
def test_sorry_server_on_the_director(farm, address, port, more):
    """What `check` says instead of NAT to 127.0.0.1, which the kernel drops."""
    farm.backends["d1"] = backend.Backend(farm.d1, ports=(port,)).start()
    start(farm, servers(farm, ["s1"]), extra=f"sorry_server {address} {port}{more}")
    farm.wait_pool(SERVICE, {"s1": 1})
    assert farm.tally(count=2) == {"s1": 2}
    farm.kill("s1")
    wait_until(lambda: "s1" not in farm.pool(SERVICE), what="end of s1")  # who takes over comes at the same time
    assert farm.tally(count=2) == {"d1": 2}
    farm.revive("s1")
    farm.wait_pool(SERVICE, {"s1": 1})
    assert farm.tally(count=2) == {"s1": 2}


def test_quorum(farm):
    """Fewer than the quorum: the sorry server takes over from those that are left, and hysteresis
    delays both ways."""
    told = farm.path("quorum")
    extra = (f"quorum 2\nsorry_server {farm.real('s3')} 8080\n"
             f'quorum_up "{farm.script("up", f"echo up >>{told}")}"\n'
             f'quorum_down "{farm.script("down", f"echo down >>{told}")}"')
    start(farm, servers(farm, ["s1", "s2"]), extra=extra)
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    farm.kill("s1")
    farm.wait_pool(SERVICE, {"s3": 1})
    assert farm.tally(count=2) == {"s3": 2}
    farm.revive("s1")
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    wait_until(lambda: lines(told) == ["up", "down", "up"], what="scripts of the quorum")


def test_notify_scripts(farm):
    """notify_up and notify_down of a server, in order."""
    told = farm.path("told")
    scripts = "".join(f'notify_{way} "{farm.script(way, f"echo {way} >>{told}")}"\n' for way in ("up", "down"))
    start(farm, [*servers(farm, ["s1"], extra=scripts), *servers(farm, ["s2"])])
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    for _ in range(2):
        farm.kill("s1")
        farm.wait_pool(SERVICE, {"s2": 1})
        farm.revive("s1")
        farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    wait_until(lambda: lines(told) == ["down", "up", "down", "up"], what="scripts of the server")


def test_weight_zero_keeps_connections(farm):
    """A weight of 0 by reload: no new connections, the open ones live."""
    reals = [configs.real_server(farm.real("s1"), 7, check=configs.TCP_CHECK),
             configs.real_server(farm.real("s2"), 7, check=configs.TCP_CHECK)]
    text = configs.config(configs.virtual_server(f"{VIP} 7", reals))
    daemon = farm.d1.run(text)
    farm.wait_pool(f"tcp {VIP}:7", {"s1": 1, "s2": 1})
    held = [Connection(farm.client, VIP) for _ in range(2)]
    assert {one.server for one in held} == {"s1", "s2"}
    daemon.reload(text.replace("weight 1", "weight 0", 1))
    farm.wait_pool(f"tcp {VIP}:7", {"s1": 0, "s2": 1})
    later = [Connection(farm.client, VIP) for _ in range(4)]
    assert [one.server for one in later] == ["s2"] * 4
    assert {one.ask() for one in held} == {"s1", "s2"}
    for one in held + later:
        one.close()
