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

from netlab import daemons  # noqa: E402
from netlab.fixtures import (lab, make_lab, metronome_begins, pytest_runtest_makereport,  # noqa: E402, F401
                             pytest_sessionstart)


def pytest_collection_modifyitems(items):
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def ours():
    """The kind of daemon under test."""
    return daemons.daemon_kind()
