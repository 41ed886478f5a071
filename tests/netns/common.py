# SPDX-License-Identifier: GPL-2.0-or-later
"""Small things that the test files share."""
import pytest

from netlab.configs import config, globals_, instance, master_down, skew, v2  # noqa: F401
from netlab.metronome import stall  # noqa: F401
from netlab.wait import PATIENCE

VIP = "192.0.2.100"
VIP6 = "fe80::100"
VRID = 51

better = pytest.mark.better
holdfast_only = pytest.mark.holdfast_only


def near(value, expected, early=0.02, late=0.15):
    """Is a measured time the expected one? Late is forgiven more than early: the machine is shared. So is what
    it did to real-time processes during the test, at either end of the time measured."""
    slack = stall()
    return expected - early - slack <= value <= expected + late + slack


def become_master(lab, node=None, timeout=PATIENCE, **fields):
    """Wait until the node is MASTER and has announced its address; the time of its first advert."""
    node = node or lab.a
    advert = lab.wire.wait_advert(node.name, timeout=timeout, **fields)
    return advert.time


def settle(seconds):
    import time
    time.sleep(seconds)
