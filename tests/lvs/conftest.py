# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual servers, judged by the kernel's tables and by what a client gets.

With IPVS in the emulated guest (the suite vm), where this machine's kernel need not have it:

    sudo tests/vm/run_guest.py -- python3 -m pytest tests/lvs -k nat
    sudo HF_DAEMON=keepalived tests/vm/run_guest.py -- python3 -m pytest tests/lvs

With nftables here (part of the suite netns), but for those marked @ipvs:

    sudo HF_ENGINE=nftables python3 -m pytest tests/lvs

As in tests/netns: @better("why") is what the distribution's keepalived is known to fail,
@holdfast_only what it does not have.
"""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from netlab import configs, daemons  # noqa: E402
from netlab.farm import Farm  # noqa: E402
from netlab.fixtures import (farm, lab, make_farm, make_lab, pytest_runtest_makereport, show,  # noqa: E402, F401
                             pytest_sessionstart as netlab_sessionstart)


def pytest_configure(config):
    config.addinivalue_line("markers", "better(why): keepalived is known to fail this")
    config.addinivalue_line("markers", "alone: not at the same time as other tests on one kernel")
    config.addinivalue_line("markers", "ipvs: of what only IPVS has, or its tables only show")
    config.addinivalue_line("markers", "holdfast_only: of no meaning for keepalived")


def pytest_sessionstart():
    netlab_sessionstart()
    if configs.ENGINE != "nftables" and not os.path.exists("/proc/net/ip_vs"):
        pytest.exit("this kernel has no IPVS: use tests/vm/run_guest.py, or HF_ENGINE=nftables", 3)


def pytest_collection_modifyitems(config, items):
    if configs.ENGINE == "nftables":
        other = [item for item in items if item.get_closest_marker("ipvs")]
        config.hook.pytest_deselected(items=other)
        items[:] = [item for item in items if item not in other]
    for item in items:
        if not str(item.path).startswith(HERE):
            continue
        item.add_marker(pytest.mark.timeout(240))
        if daemons.daemon_kind() == "keepalived":
            better = item.get_closest_marker("better")
            if better:
                item.add_marker(pytest.mark.xfail(reason=better.args[0], strict=False))
            if item.get_closest_marker("holdfast_only"):
                item.add_marker(pytest.mark.skip(reason="holdfast only"))


@pytest.fixture(scope="module")
def module_farms():
    farms = []
    yield farms
    for one in farms:
        one.close()


@pytest.fixture(scope="module")
def module_farm(module_farms):
    """module_farm(...): a Farm for all tests of a file."""
    def make(**more):
        module_farms.append(Farm(**more))
        return module_farms[-1]
    return make


@pytest.fixture(autouse=True)
def _show(request, module_farms):
    yield
    show(module_farms, request)
