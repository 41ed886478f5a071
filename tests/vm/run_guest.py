#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command on Debian's kernel, in an emulated guest that sees this machine's files.

    tests/vm/run_guest.py -- ipvsadm -Ln
    HF_DAEMON=keepalived tests/vm/run_guest.py -- python3 -m pytest tests/lvs -k nat

The exit status is the command's; 125 when the guest could not be made or died. What the command
writes to files is gone with the guest, except in the directory named by --output.
"""
import argparse
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import guest  # noqa: E402
import kernel  # noqa: E402

HANDED_ON = ("HOLDFAST", "CI", "COLUMNS", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


def environment(more):
    env = {name: value for name, value in os.environ.items() if name in HANDED_ON or name.startswith("HF_")}
    env.update(word.partition("=")[::2] for word in more)
    return env


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", default=os.environ.get("HF_VM_CACHE") or os.path.join(guest.TREE, "build", "vm"),
                        help="where the kernel is kept (default: build/vm)")
    parser.add_argument("--output", metavar="DIR", help="a directory that the guest may write to")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS")
    parser.add_argument("--console", metavar="FILE", help="keep the kernel's messages there")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        prepared = guest.prepare(options.cache)
        machine = guest.Guest(prepared, options.command, directory=os.getcwd(), env=environment(options.env),
                              output=options.output, timeout=options.timeout, console=options.console)
        return machine.run()
    except (guest.Died, kernel.Error, OSError, subprocess.SubprocessError) as error:
        print(f"vm: {error}", file=sys.stderr)
        return 125


if __name__ == "__main__":
    sys.exit(main())
