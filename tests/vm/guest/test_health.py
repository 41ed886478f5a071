# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that die and return: what the kernel's table, the traffic and the scripts make of it."""
import os
import time

import pytest

from netlab import configs, ipvs
from netlab.client import Connection, Load
from netlab.farm import VIP
from netlab.wait import wait_until

HTTP_GET = "HTTP_GET {\n    url {\n        path /\n        status_code 200\n    }\n    connect_timeout 2\n    retry 0\n}"
SERVICE = f"tcp {VIP}:80"
ALL = {"s1": 1, "s2": 1, "s3": 1}


def servers(farm, names=("s1", "s2", "s3"), **more):
    return [configs.real_server(farm.real(name), **more) for name in names]


def start(farm, reals, **more):
    return farm.d1.run(configs.config(configs.virtual_server(f"{VIP} 80", reals, **more)))


@pytest.mark.parametrize("check", [configs.TCP_CHECK, HTTP_GET], ids=["tcp", "http"])
@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_death_and_return(farm, method, check):
    start(farm, servers(farm, check=check), method=method)
    farm.wait_pool(SERVICE, ALL)
    assert farm.tally(count=9) == {"s1": 3, "s2": 3, "s3": 3}
    farm.kill("s2")
    farm.wait_pool(SERVICE, {"s1": 1, "s3": 1})
    assert farm.tally(count=8) == {"s1": 4, "s3": 4}
    farm.revive("s2")
    farm.wait_pool(SERVICE, ALL)
    assert farm.tally(count=9) == {"s1": 3, "s2": 3, "s3": 3}


def test_a_server_that_answers_but_is_ill(farm):
    """A status that is not wanted takes the server out; TCP alone would not see it."""
    start(farm, servers(farm, check=HTTP_GET))
    farm.wait_pool(SERVICE, ALL)
    farm.backends["s1"].status = 503
    farm.wait_pool(SERVICE, {"s2": 1, "s3": 1})
    assert farm.tally(count=4) == {"s2": 2, "s3": 2}
    farm.backends["s1"].status = 200
    farm.wait_pool(SERVICE, ALL)


def test_a_server_that_hangs(farm):
    """Its kernel still takes connections, nobody answers them."""
    start(farm, servers(farm, check=HTTP_GET.replace("connect_timeout 2", "connect_timeout 1")))
    farm.wait_pool(SERVICE, ALL)
    farm.backends["s3"].freeze()
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    farm.backends["s3"].thaw()
    farm.wait_pool(SERVICE, ALL)


def test_a_machine_that_is_gone(farm):
    """No answer at all, not even a refusal."""
    start(farm, servers(farm))
    farm.wait_pool(SERVICE, ALL)
    farm.s2.carrier(False, link=1)
    farm.wait_pool(SERVICE, {"s1": 1, "s3": 1})
    farm.s2.carrier(True, link=1)
    farm.wait_pool(SERVICE, ALL)


def test_few_requests_fail_when_a_server_dies(farm):
    """From the death to the verdict a third fails at most; before and afterwards none."""
    start(farm, servers(farm))
    farm.wait_pool(SERVICE, ALL)
    with Load(farm.client, VIP) as load:
        load.wait(30)
        killed = farm.now()
        farm.kill("s1")
        farm.wait_pool(SERVICE, {"s2": 1, "s3": 1})
        noticed = farm.now()
        load.wait(30)
        farm.revive("s1")
        farm.wait_pool(SERVICE, ALL)
        load.wait(30)
        outcome = load.stop()
    assert not outcome.failed(until=killed - 0.05) and not outcome.failed(since=noticed + 0.2), outcome.failures
    assert set(outcome.answers) == set(ALL)


def test_inhibit_on_failure(farm):
    """The dead server stays with weight 0, and with it its connections."""
    start(farm, servers(farm, extra="inhibit_on_failure"))
    farm.wait_pool(SERVICE, ALL)
    farm.kill("s1")
    farm.wait_pool(SERVICE, {"s1": 0, "s2": 1, "s3": 1})
    assert farm.tally(count=4) == {"s2": 2, "s3": 2}
    farm.revive("s1")
    farm.wait_pool(SERVICE, ALL)


def test_alpha(farm):
    """A server is used only once it was found well."""
    farm.kill("s1")
    start(farm, servers(farm), extra="alpha")
    farm.wait_pool(SERVICE, {"s2": 1, "s3": 1})
    assert ipvs.weights(farm.d1, SERVICE) == {farm.real("s2"): 1, farm.real("s3"): 1}
    farm.revive("s1")
    farm.wait_pool(SERVICE, ALL)


def test_retries(farm):
    """A server that is away for less than the retries take stays in."""
    check = "TCP_CHECK {\n    connect_timeout 2\n    retry 20\n    delay_before_retry 1\n}"
    daemon = start(farm, servers(farm, check=check))
    farm.wait_pool(SERVICE, ALL)
    # keepalived does not retry the very first check: let every server have had a good one
    time.sleep(3)
    farm.kill("s1")
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert farm.pool(SERVICE) == ALL, daemon.log()
        time.sleep(0.1)
    farm.revive("s1")


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
    wait_until(lambda: lines(told) == ["up", "down", "up"], 10, "scripts of the quorum")


def lines(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as handle:
        return handle.read().split()


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
    wait_until(lambda: lines(told) == ["down", "up", "down", "up"], 10, "scripts of the server")


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


def test_stop_empties_the_table(farm):
    daemon = start(farm, servers(farm))
    farm.wait_pool(SERVICE, ALL)
    assert daemon.stop() == 0
    assert ipvs.table(farm.d1) == {}
