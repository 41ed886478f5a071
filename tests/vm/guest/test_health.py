# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that die and return, and what the kernel's table makes of it."""
import pytest

from netlab import configs
from netlab.client import Connection, Load
from netlab.farm import VIP, VIP6

HTTP_CHECK = "HTTP_GET {\n    url {\n        path /\n        status_code 200\n    }\n    connect_timeout 2\n    retry 0\n}"
SERVICE, SERVICE6 = f"tcp {VIP}:80", f"tcp [{VIP6}]:80"
ALL = {"s1": 1, "s2": 1, "s3": 1}


def servers(farm, names=("s1", "s2", "s3"), family=4, **more):
    return [configs.real_server(farm.real(name, family), **more) for name in names]


@pytest.mark.parametrize("method", ["NAT", "DR"])
def test_death_and_return(farm, method):
    farm.d1.run(configs.config(configs.virtual_server(f"{VIP} 80", servers(farm), method=method)))
    farm.wait_pool(SERVICE, ALL)
    assert farm.tally(count=9) == {"s1": 3, "s2": 3, "s3": 3}
    farm.kill("s2")
    farm.wait_pool(SERVICE, {"s1": 1, "s3": 1})
    assert farm.tally(count=8) == {"s1": 4, "s3": 4}
    farm.revive("s2")
    farm.wait_pool(SERVICE, ALL)
    assert farm.tally(count=9) == {"s1": 3, "s2": 3, "s3": 3}
