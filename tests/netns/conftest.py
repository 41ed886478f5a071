# SPDX-License-Identifier: GPL-2.0-or-later
"""Real daemons on real interfaces, judged on the wire and in the kernel.

    pytest tests/netns -n 4                        the tree's build/holdfast
    HF_DAEMON=keepalived pytest tests/netns -n 4   the distribution's keepalived: tests the tests

Where the distribution's daemon is known to be worse, a test is marked @better("why"): it must pass
on holdfast and is expected to fail on keepalived. @holdfast_only marks what keepalived does not have.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from netlab import Lab, daemons  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "better(why): keepalived is known to fail this")
    config.addinivalue_line("markers", "holdfast_only: of no meaning for keepalived")


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.timeout(60))
        if daemons.daemon_kind() == "keepalived":
            better = item.get_closest_marker("better")
            if better:
                item.add_marker(pytest.mark.xfail(reason=better.args[0], strict=False))
            if item.get_closest_marker("holdfast_only"):
                item.add_marker(pytest.mark.skip(reason="holdfast only"))


def pytest_sessionstart():
    if os.geteuid():
        pytest.exit("the namespace tests need root", 3)
    kind = daemons.daemon_kind()
    binary = daemons.KEEPALIVED if kind == "keepalived" else daemons.HOLDFAST
    if not os.access(binary, os.X_OK):
        pytest.exit(f"{binary} is not there", 3)


@pytest.fixture
def make_lab(request):
    """make_lab("ab", links=1): a Lab that is removed after the test; the logs are shown if it fails."""
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


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)
