#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Both halves of the job, shown in network namespaces on this machine: a pair of directors that
fails over (pair.py), and a virtual server whose real servers come and go (services.py). Nothing is
left behind, on Ctrl-C neither.
"""
import argparse
import os
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests"))

from netlab import HOLDFAST, Timeout  # noqa: E402
from pair import Pair  # noqa: E402
from screen import Screen  # noqa: E402
from services import Services  # noqa: E402

ACTS = {"pair": Pair, "services": Services}
TOOLS = {"ip": "iproute2", "setpriv": "util-linux", "nginx": "nginx-light"}


def check_machine():
    if os.geteuid():
        sys.exit("demo: needs root (network namespaces); try: sudo make demo")
    for tool, package in TOOLS.items():
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            sys.exit(f"demo: {tool} is not installed (package {package})")
    if not os.access(HOLDFAST, os.X_OK):
        sys.exit(f"demo: {HOLDFAST} is not there; build it with: make")


def run_act(act):
    """Whether all went as it should."""
    try:
        act.play()
        return act.summary()
    except KeyboardInterrupt:
        print("\ninterrupted")
        raise
    except Timeout as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        for name, daemon in act.directors.items():
            print(f"--- log of director {name}:\n{daemon.log()}", file=sys.stderr)
        return False
    finally:
        act.close()


def main():
    parser = argparse.ArgumentParser(description="A pair that fails over, and the services behind its address.")
    parser.add_argument("act", nargs="*", choices=[[], *ACTS], help="which part; both unless said")
    chosen = parser.parse_args().act or list(ACTS)
    check_machine()

    def interrupt(*_):
        """Ends the play once; a second Ctrl-C does not disturb the tidying up."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    screen = Screen()
    try:
        good = all([run_act(ACTS[name](screen)) for name in chosen])
    except KeyboardInterrupt:
        good = False
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
