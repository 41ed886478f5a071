# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for something to become true.

A wait is no measurement: what happens in time costs nothing of its length, and a machine may stand still for
seconds. What has to happen soon is judged by time stamps (of the wire, of the daemon's log), see metronome.py.
"""
import time

PATIENCE = 30.0  # seconds


class Timeout(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(condition, timeout=PATIENCE, what="condition", interval=0.01):
    """Call `condition` until it returns something true, and return that."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"not within {timeout:g} s: {what}")
        time.sleep(interval)
