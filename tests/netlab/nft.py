# SPDX-License-Identifier: GPL-2.0-or-later
"""The nftables engine's text on a director, without the daemon: as if every server were up."""
import os
import pathlib
import subprocess

from . import ns
from .daemons import HOLDFAST

TABLE = "holdfast_lvs"


def dump_path():
    return os.path.join(os.path.dirname(HOLDFAST), "tests", "golden", "nft_dump")


class Rules:
    """`apply(configuration)` leads from the services of the last one to these."""

    def __init__(self, node, directory):
        self.node, self.directory, self.count = node, pathlib.Path(directory), 0

    def _file(self, text):
        self.count += 1
        path = self.directory / f"{self.node.name}-{self.count}.conf"
        path.write_text(text)
        return path

    def text(self, verb, *files):
        return subprocess.run([dump_path(), verb, *files], capture_output=True, text=True, check=True).stdout

    def load(self, text):
        ns.run("ip", "netns", "exec", self.node.namespace, "nft", "-f", "-", text=text)

    def apply(self, text, verb="change"):
        old, self.last = getattr(self, "last", None), self._file(text)
        self.load(self.text(verb, old, self.last) if old else self.text("start", self.last))

    def restart(self, text):
        """As a new process would: in place of what is there."""
        self.apply(text, "restart")

    def stop(self):
        self.load(self.text("stop", self.last))


def ruleset(node):
    return node.execute("nft", "list", "ruleset")


def elements(node, family, name):
    """What a set or map of ours holds, as nft prints it."""
    text = node.execute("nft", "list", "map" if name.startswith(("clients", "flows")) else "set", family, TABLE, name)
    return text.partition("elements = {")[2].partition("}")[0].strip()
