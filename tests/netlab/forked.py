# SPDX-License-Identifier: GPL-2.0-or-later
"""A function of this program as a process of its own in a namespace.

Forked, not executed: starting Python anew costs more than the rest of a short test, the more so
under emulation. The child ends with its parent.
"""
import ctypes
import json
import os
import select
import signal
import sys
import traceback

from . import ns
from .wait import PATIENCE, Timeout

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Forked:
    """function(report, *args) in `namespace`. The function calls report(value) with what JSON can
    hold: the first report says that it is ready, the second, if any, is its result."""

    def __init__(self, namespace, function, *args, timeout=PATIENCE):
        self._reader, writer = os.pipe()
        self._buffer = b""
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if not self.pid:
            _child(namespace, writer, function, args)
        os.close(writer)
        self._alive = True
        self.receive(timeout)

    def receive(self, timeout=PATIENCE):
        """The next report."""
        while b"\n" not in self._buffer:
            if not select.select([self._reader], [], [], timeout)[0]:
                self.kill()
                raise Timeout(f"a helper process reported nothing within {timeout:g} s")
            data = os.read(self._reader, 1 << 16)
            if not data:
                raise RuntimeError(f"a helper process died: {self._buffer.decode()}")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        value = json.loads(line)
        if isinstance(value, dict) and "traceback" in value:
            raise RuntimeError(value["traceback"])
        return value

    @property
    def alive(self):
        if self._alive and os.waitpid(self.pid, os.WNOHANG)[0]:
            self._alive = False
        return self._alive

    def signal(self, number):
        if self.alive:
            os.kill(self.pid, number)

    def kill(self):
        """SIGKILL; what it had open is closed when this returns."""
        if self._alive:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._alive = False

    def close(self):
        self.kill()
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1


def _child(namespace, writer, function, args):
    def report(value):
        data = json.dumps(value).encode() + b"\n"
        while data:
            data = data[os.write(writer, data):]

    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with open(f"/run/netns/{namespace}", "rb") as handle:
            if _libc.setns(handle.fileno(), ns.CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"setns {namespace}")
        function(report, *args)
    except BaseException:  # the parent raises it
        report({"traceback": traceback.format_exc()})
    finally:
        os._exit(0)
