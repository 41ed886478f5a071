# SPDX-License-Identifier: GPL-2.0-or-later
"""Mixed pairs: holdfast with the distribution's keepalived and with FRR's vrrpd.

    pytest tests/interop -n 4

HF_DAEMON=keepalived puts keepalived on both sides, to test the tests.
"""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from netlab import Lab, daemons  # noqa: E402


def pytest_collection_modifyitems(items):
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.timeout(60))


def pytest_sessionstart():
    if os.geteuid():
        pytest.exit("the interoperation tests need root", 3)


@pytest.fixture
def make_lab(request):
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
    return make_lab("ab")


@pytest.fixture(scope="session")
def ours():
    """The kind of daemon under test."""
    return daemons.daemon_kind()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)
