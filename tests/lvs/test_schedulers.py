# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scheduler that the kernel has is accepted, with its flags, and does what it is chosen for.

Judged by connections held open, so that those which count connections have something to count.
Each scheduler has a virtual server of its own, all on one address.
"""
import collections
from dataclasses import dataclass

import pytest

from netlab import backend, configs, ipvs
from netlab.client import Connection
from netlab.farm import VIP

pytestmark = pytest.mark.ipvs

WEIGHTS = {"s1": 1, "s2": 2, "s3": 3}
EQUAL, WEIGHTED, LAST = {"s1": 2, "s2": 2, "s3": 2}, WEIGHTS, {"s3": 6}
OVERFLOW = {"s3": 4, "s2": 2}   # the heaviest until it has more connections than its weight
ONE = "one"      # whichever, but the same for the same client
ANY = "any"


@dataclass
class Case:
    scheduler: str
    spread: object          # of six connections
    extra: str = ""         # lines of the virtual server
    flags: tuple = ()

    @property
    def name(self):
        return "-".join([self.scheduler, *self.flags])


CASES = [
    Case("rr", EQUAL), Case("wrr", WEIGHTED), Case("lc", EQUAL), Case("wlc", WEIGHTED), Case("sed", WEIGHTED),
    Case("nq", WEIGHTED), Case("fo", LAST), Case("ovf", OVERFLOW), Case("lblc", ANY), Case("lblcr", ANY),
    Case("dh", ONE), Case("sh", ONE), Case("mh", ONE),
    Case("sh", ANY, "sh-port", ("sh-port",)), Case("sh", ONE, "sh-fallback", ("sh-fallback",)),
    Case("sh", ANY, "sh-port\nsh-fallback", ("sh-fallback", "sh-port")),
    Case("mh", ANY, "mh-port", ("mh-port",)), Case("mh", ONE, "mh-fallback", ("mh-fallback",)),
    Case("wlc", WEIGHTED, "flag-1", ("flag-1",)), Case("wlc", WEIGHTED, "flag-2", ("flag-2",)),
    Case("wlc", WEIGHTED, "flag-3", ("flag-3",)),
]
PORTS = {case.name: 8000 + number for number, case in enumerate(CASES)}


@pytest.fixture(scope="module")
def farm(module_farm):
    farm = module_farm()
    servers = [configs.real_server(farm.real(name), backend.ECHO, weight, check="")
               for name, weight in WEIGHTS.items()]
    blocks = [configs.virtual_server(f"{VIP} {PORTS[case.name]}", servers, scheduler=case.scheduler, extra=case.extra)
              for case in CASES]
    farm.d1.run(configs.config(*blocks))
    for case in CASES:
        farm.wait_pool(f"tcp {VIP}:{PORTS[case.name]}", WEIGHTS)
    return farm


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_scheduler(farm, case):
    port = PORTS[case.name]
    service = ipvs.services(farm.d1)[f"tcp {VIP}:{port}"]
    assert (service.scheduler, service.flags) == (case.scheduler, case.flags)
    connections = [Connection(farm.client, VIP, port) for _ in range(6)]
    try:
        spread = dict(collections.Counter(one.server for one in connections))
    finally:
        for one in connections:
            one.close()
    if case.spread == ONE:
        assert len(spread) == 1, spread
    elif case.spread != ANY:
        assert spread == case.spread
