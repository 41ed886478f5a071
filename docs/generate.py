#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the list of keywords into configuration.md, as the program tells it.

generate.py [--check]: with --check only says (exit 1) whether it would change.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "configuration.md")
BEGIN, END = "<!-- keywords -->\n", "<!-- /keywords -->\n"
HOLDFAST = os.environ.get("HOLDFAST") or os.path.join(HERE, "..", "build", "holdfast")
TITLES = {"works": "", "accepted": "No effect yet: ", "no-op": "Means nothing, by design: "}


def rows(which):
    out = subprocess.run([HOLDFAST, "explain", which], capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


def section():
    blocks, counts = {}, dict.fromkeys(TITLES, 0)
    for context, keyword, effect in rows("--list"):
        blocks.setdefault(context, {title: [] for title in TITLES})[effect].append(keyword)
        counts[effect] += 1
    yield "## Keywords\n\n"
    yield (f"{sum(counts.values())} in all: {counts['works']} work, {counts['accepted']} are accepted and checked but have "
           f"no effect yet, {counts['no-op']} mean nothing by design (`holdfast explain --coverage`).\n")
    for context in sorted(blocks):
        yield f"\n**{context}**\n"
        for effect, title in TITLES.items():
            words = ", ".join(f"`{keyword}`" for keyword in sorted(set(blocks[context][effect])))
            if words:
                yield f"\n{title}{words}\n"
    yield from beyond()


def beyond():
    """What keepalived does not know: short enough to say whether each works."""
    blocks = {}
    for context, keyword, effect in rows("--ours"):
        blocks.setdefault(context, []).append(f"`{keyword}`" + ("" if effect == "works" else " (no effect yet)"))
    yield "\n## Keywords beyond keepalived\n\n`holdfast explain --ours` lists them; keepalived refuses a file that has them.\n"
    for context in sorted(blocks):
        yield f"\n**{context}**\n\n{', '.join(sorted(set(blocks[context])))}\n"


def main():
    with open(PAGE, encoding="utf-8") as handle:
        old = handle.read()
    head, rest = old.split(BEGIN)
    new = head + BEGIN + "".join(section()) + END + rest.split(END)[1]
    if "--check" in sys.argv[1:]:
        return 0 if new == old else 1
    with open(PAGE, "w", encoding="utf-8") as handle:
        handle.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
