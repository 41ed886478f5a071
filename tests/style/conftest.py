# SPDX-License-Identifier: GPL-2.0-or-later
"""What the style tests look at: the files that git knows, and the archives of the build."""
import functools
import os
import re
import subprocess

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOLDFAST = os.environ.get("HOLDFAST") or os.path.join(TREE, "build", "holdfast")
BUILD = os.path.dirname(HOLDFAST)


@functools.cache
def files(*endings, under=""):
    """Paths, relative to the tree, of tracked and new files (not ignored ones) that end so."""
    out = subprocess.run(["git", "-c", f"safe.directory={TREE}", "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], cwd=TREE, check=True, capture_output=True, text=True).stdout
    return sorted(path for path in set(out.split("\0"))
                  if path.endswith(endings) and path.startswith(under) and os.path.isfile(os.path.join(TREE, path)))


@functools.cache
def text(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as handle:
        return handle.read()


def c_functions(path):
    """(name, first line, number of lines) of each function of a .c file in this tree's brace style:
    its braces stand alone in the first column."""
    start, name = None, ""
    found = []
    lines = text(path).split("\n")
    for number, line in enumerate(lines, 1):
        if line == "{" and start is None:
            head = " ".join(lines[max(0, number - 8):number - 1])
            names = re.findall(r"(\w+)\s*\((?!\()", head.rsplit(";", 1)[-1].rsplit("}", 1)[-1])
            name = names[0] if names else "?"
            start = number
        elif line == "}" and start is not None:
            found.append((name, start, number - start + 1))
            start = None
    return found
