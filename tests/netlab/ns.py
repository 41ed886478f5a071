# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces: make, enter, remove.

Names are PREFIX-PID-SERIAL-NODE, so that labs of parallel runs never meet, and the leavings of a
run that was killed are recognised by its dead PID and swept away by the next.
"""
import atexit
import ctypes
import itertools
import os
import re
import subprocess
import threading

PREFIX = "hfl"
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_serial = itertools.count(1)
_alive = set()


def unique_prefix():
    return f"{PREFIX}-{os.getpid()}-{next(_serial)}"


def run(*argv, text=None, check=True):
    """Run a command; its standard output. The error message of a failing one is in the exception."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: status {done.returncode}: {done.stderr.strip()} {text or ''}")
    return done.stdout


def create(names):
    run("ip", "-batch", "-", text="".join(f"netns add {name}\n" for name in names))
    _alive.update(names)


def remove(names):
    """Kill what still runs in the namespaces, then delete them."""
    for name in names:
        if os.path.exists(f"/run/netns/{name}"):
            for pid in run("ip", "netns", "pids", name, check=False).split():
                try:
                    os.kill(int(pid), 9)
                except ProcessLookupError:
                    pass
            run("ip", "netns", "del", name, check=False)
        _alive.discard(name)


def sweep():
    """Remove the namespaces of runs that no longer exist."""
    pattern = re.compile(rf"{PREFIX}-(\d+)-\d+-\w+$")
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        match = pattern.match(name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            remove([name])


def inside(name, function, *args):
    """The result of function(*args), called by a thread that is in the namespace. A socket made
    there stays there."""
    result = {}

    def body():
        try:
            with open(f"/run/netns/{name}", "rb") as handle:
                if _libc.setns(handle.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"setns {name}")
            result["value"] = function(*args)
        except BaseException as error:  # handed to the caller
            result["error"] = error

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["value"]


def command(name, argv):
    """argv as it has to be started to run in the namespace and to die with the caller."""
    return ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", name, *argv]


@atexit.register
def _remove_all():
    remove(list(_alive))
