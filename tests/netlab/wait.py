# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for something to become true."""
import time


class Timeout(AssertionError):
    """What was waited for did not happen in time."""


def wait_until(condition, timeout=5.0, what="condition", interval=0.01):
    """Call `condition` until it returns something true, and return that."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"not within {timeout:g} s: {what}")
        time.sleep(interval)
