# SPDX-License-Identifier: GPL-2.0-or-later
"""What the conftest files of the real-world suites import: labs that are removed after the test, the
daemons' logs in the report of a failing one."""
import os

import pytest

from . import daemons
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


@pytest.fixture
def make_lab(request):
    """make_lab("ab", links=1): a Lab that is removed after the test."""
    labs = []

    def make(nodes="ab", links=1, **more):
        labs.append(Lab(nodes, links, **more))
        return labs[-1]

    yield make
    for lab in labs:
        report = getattr(request.node, "report_call", None)
        if report is not None and report.failed:
            for node in lab.nodes:
                for daemon in node.daemons:
                    print(f"--- log of {daemon.kind} on {node.name}:\n{daemon.log()}")
        lab.close()


@pytest.fixture
def lab(make_lab):
    """One link, nodes a (the daemon under test, as a rule) and b (a forged or a second router)."""
    return make_lab("ab")
