# SPDX-License-Identifier: GPL-2.0-or-later
"""How late this machine is for processes with real-time priority: what a test that measures the elections
has to allow for. A kernel that does not let go of a processor, or a host that takes it away, delays them too.

A process on each processor wakes up a hundred times a second, with a higher priority than the daemons have,
so that what they do themselves is not taken for the machine's doing.
"""
import contextlib
import ctypes
import gc
import mmap
import os
import signal
import struct
import time

PERIOD = 0.01
PRIORITY = 2  # the daemons' is 1
PR_SET_PDEATHSIG = 1
_RECORD = struct.Struct("dd")  # the last beat, the greatest lateness
_libc = ctypes.CDLL(None, use_errno=True)


class _Metronome:
    def __init__(self):
        self._shared = mmap.mmap(-1, 4096)
        self._processors = sorted(os.sched_getaffinity(0))[:4096 // _RECORD.size]
        self.reset()
        for number, processor in enumerate(self._processors):
            if not os.fork():
                _beat(self._shared, number * _RECORD.size, processor)

    def reset(self):
        for number in range(len(self._processors)):
            _RECORD.pack_into(self._shared, number * _RECORD.size, time.monotonic(), 0.0)

    def worst(self):
        now = time.monotonic()
        records = [_RECORD.unpack_from(self._shared, number * _RECORD.size) for number in range(len(self._processors))]
        return max(max(late, now - last - PERIOD) for last, late in records)


def _beat(shared, at, processor):
    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        gc.disable()
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {processor})
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
        due = time.monotonic() + PERIOD
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            _RECORD.pack_into(shared, at, now, max(_RECORD.unpack_from(shared, at)[1], now - due))
            due = max(due, now) + PERIOD
    finally:
        os._exit(0)


_metronome = None


def begin():
    """Count from now on."""
    global _metronome
    if _metronome is None:
        _metronome = _Metronome()
    _metronome.reset()


def stall():
    """By how many seconds a real-time process here was late at most, since begin()."""
    return max(0.0, _metronome.worst()) if _metronome else 0.0


def runs():
    return _metronome is not None
