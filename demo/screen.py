# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demonstration says: coloured on a terminal, plain elsewhere."""
import os
import sys
import time

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Screen:
    """Headings with the time since the start, and lines."""

    def __init__(self):
        self.colour = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and "NO_COLOR" not in os.environ
        self.start = time.monotonic()

    def paint(self, text, *names):
        if not self.colour:
            return text
        return "".join(f"\033[{COLOURS[name]}m" for name in names) + text + "\033[0m"

    def head(self, text):
        print(f"\n{self.paint(f'[{time.monotonic() - self.start:5.1f} s]', 'dim')} {self.paint(text, 'bold')}", flush=True)

    def say(self, text):
        print(f"          {text}", flush=True)
