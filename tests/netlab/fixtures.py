# SPDX-License-Identifier: GPL-2.0-or-later
"""What the conftest files of the real-world suites import: labs that are removed after the test, the
daemons' logs in the report of a failing one."""
import os

import pytest

from . import daemons, metronome, ns
from .farm import Farm
from .lab import Lab


def pytest_sessionstart():
    if os.geteuid():
        pytest.exit("these tests need root (network namespaces)", 3)
    binary = daemons.KEEPALIVED if daemons.daemon_kind() == "keepalived" else daemons.HOLDFAST
    if not os.access(binary, os.X_OK):
        pytest.exit(f"{binary} is not there", 3)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)
    if report.failed and metronome.runs():
        item.user_properties.append(("stood still", f"{metronome.stall():.2f} s"))


def show(labs, request):
    """When the test failed: what the daemons logged, and the directors' tables."""
    report = getattr(request.node, "report_call", None)
    if report is None or not report.failed:
        return
    for lab in labs:
        for node in lab.nodes:
            for daemon in node.daemons:
                print(f"--- log of {daemon.kind} on {node.name}:\n{daemon.log()}")
        for node in lab.directors if isinstance(lab, Farm) else []:
            table = ns.run("ip", "netns", "exec", node.namespace, "ipvsadm", "-Ln", check=False)
            print(f"--- IPVS of {node.name}:\n{table}")


def _close(labs, request):
    show(labs, request)
    for lab in labs:
        lab.close()


@pytest.fixture(autouse=True)
def metronome_begins():
    """stall() is about the test that asks."""
    metronome.begin()


@pytest.fixture
def make_lab(request):
    """make_lab("ab", links=1): a Lab that is removed after the test."""
    labs = []

    def make(nodes="ab", links=1, **more):
        labs.append(Lab(nodes, links, **more))
        return labs[-1]

    yield make
    _close(labs, request)


@pytest.fixture
def make_farm(request):
    """make_farm(directors=1, servers=3): a Farm that is removed after the test."""
    farms = []

    def make(**more):
        farms.append(Farm(**more))
        return farms[-1]

    yield make
    _close(farms, request)


@pytest.fixture
def lab(make_lab):
    """One link, nodes a (the daemon under test, as a rule) and b (a forged or a second router)."""
    return make_lab("ab")


@pytest.fixture
def farm(make_farm):
    """One director, three servers."""
    return make_farm()
