# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that die and return: what the kernel's table and the traffic make of it."""
import time

import pytest

from netlab import configs
from netlab.client import Load
from netlab.farm import VIP

HTTP_GET = "HTTP_GET {\n    url {\n        path /\n        status_code 200\n    }\n    connect_timeout 2\n    retry 0\n}"
SERVICE = f"tcp {VIP}:80"
ALL = {"s1": 1, "s2": 1, "s3": 1}


def servers(farm, names=("s1", "s2", "s3"), **more):
    return [configs.real_server(farm.real(name), **more) for name in names]


def start(farm, reals, **more):
    return farm.d1.run(configs.config(configs.virtual_server(f"{VIP} 80", reals, **more)))


@pytest.mark.parametrize("check", [configs.TCP_CHECK, HTTP_GET], ids=["tcp", "http"])
@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_death_and_return(make_farm, method, check):
    farm = make_farm(servers=4)
    start(farm, servers(farm, farm.server_names, check=check), method=method)
    in_turn = method == "NAT" or farm.engine == "ipvs"  # nftables: DR by a hash of the connection

    def check(wanted):
        farm.wait_pool(SERVICE, {name: 1 for name in wanted})
        assert farm.tally(count=8) == wanted if in_turn else set(farm.ask(count=40)) == set(wanted)

    check({"s1": 2, "s2": 2, "s3": 2, "s4": 2})
    farm.kill("s2")
    farm.kill("s4")
    check({"s1": 4, "s3": 4})
    farm.revive("s2")
    farm.revive("s4")
    check({"s1": 2, "s2": 2, "s3": 2, "s4": 2})


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


def test_stop_empties_the_table(farm):
    daemon = start(farm, servers(farm))
    farm.wait_pool(SERVICE, ALL)
    assert daemon.stop() == 0
    assert farm.is_empty()
