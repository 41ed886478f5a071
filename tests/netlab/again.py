# SPDX-License-Identifier: GPL-2.0-or-later
"""A test that failed while the machine stood still is tried again, twice at most.

Elections are about tenths of seconds: when a host takes the processors away for one, a forged master is late,
two daemons on one machine wake up in any order, and neither is to blame. That it was so is said by the metronome,
whose processes go before the daemons'. On a machine that goes on a test has one try, whatever it is about.

Must not know what a test tests. HF_TRIES=1 tries nothing again; HF_TRIES_LOG names a file that says what was.
"""
import os
import time

import pytest
from _pytest.runner import runtestprotocol

from . import metronome

TRIES = int(os.environ.get("HF_TRIES", "3"))
STOOD_STILL = 0.1    # seconds: an advert of the shortest interval of most tests
LONG_ENOUGH = 60     # seconds after which there is no further try


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    began = time.monotonic()
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in range(TRIES - 1, -1, -1):
        metronome.begin()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = any(report.failed for report in reports)
        if not failed or not left or metronome.stall() < STOOD_STILL or time.monotonic() - began > LONG_ENOUGH:
            break
        _say(item, reports)
        item._initrequest()  # pylint: disable=protected-access
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _say(item, reports):
    """For the report of the suite, and for who looks at it."""
    why = next((report.longreprtext for report in reports if report.failed), "").strip().splitlines()
    text = f"the machine stood still for {metronome.stall():.2f} s: {why[-1] if why else ''}"
    item.user_properties.append(("tried again", text))
    path = os.environ.get("HF_TRIES_LOG")
    if path:
        with open(path, "a", encoding="utf-8") as log:
            log.write(f"{item.nodeid}: {text}\n")
