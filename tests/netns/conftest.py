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

from netlab import daemons  # noqa: E402
from netlab.fixtures import (lab, make_lab, metronome_begins, pytest_runtest_makereport,  # noqa: E402, F401
                             pytest_sessionstart)


def pytest_configure(config):
    config.addinivalue_line("markers", "better(why): keepalived is known to fail this")
    config.addinivalue_line("markers", "holdfast_only: of no meaning for keepalived")


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.timeout(180))
        if daemons.daemon_kind() == "keepalived":
            better = item.get_closest_marker("better")
            if better:
                item.add_marker(pytest.mark.xfail(reason=better.args[0], strict=False))
            if item.get_closest_marker("holdfast_only"):
                item.add_marker(pytest.mark.skip(reason="holdfast only"))
