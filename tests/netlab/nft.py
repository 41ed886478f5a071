# SPDX-License-Identifier: GPL-2.0-or-later
"""The nftables engine: its text on a director, without the daemon, as if every server were up; and
who is served, as the kernel's rules say it."""
import collections
import ctypes
import os
import pathlib
import re
import subprocess
import time

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

    def flip(self, one, other, seconds):
        """From the services of `one`, which are there, to those of `other` and back, as fast as the kernel
        takes it, without a process for each; how often."""
        files = self._file(one), self._file(other)
        texts = [self.text("change", *files), self.text("change", *reversed(files))]

        def body():
            library = ctypes.CDLL("libnftables.so.1")
            library.nft_ctx_new.restype = ctypes.c_void_p
            context = ctypes.c_void_p(library.nft_ctx_new(0))
            count, end = 0, time.monotonic() + seconds
            while time.monotonic() < end:
                for text in texts:
                    assert library.nft_run_cmd_from_buffer(context, text.encode()) == 0
                count += 2
            library.nft_ctx_free(context)
            return count
        return ns.inside(self.node.namespace, body)

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


# -- who is served, read from the rules ---------------------------------------------------------------

def _chains(node, family):
    """{chain: its rules} of our table; {} when there is none."""
    text = ns.run("ip", "netns", "exec", node.namespace, "nft", "list", "table", family, TABLE, check=False)
    found, name = {}, None
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["chain"]:
            name = words[1]
            found[name] = []
        elif words[:1] == ["}"]:
            name = None
        elif name and words:
            found[name].append(line.strip())
    return found


def _targets(chains, rule):
    """Addresses that a rule sends to, directly or by the chain of a server."""
    gotos = re.findall(r"goto (svc-[^ ,]+)", rule)
    if gotos:
        return [address for name in gotos for one in chains[name] for address in _targets(chains, one)]
    direct = re.findall(r"(?:dnat|fwd) ip6? to (?:\[(.+)\]:\d+|([\d.]+):\d+|([\da-f:.]+))(?: device|$)", rule)
    if direct:
        return [next(filter(None, groups)) for groups in direct]
    return re.findall(r"\d+ : ([\da-f:.]+)(?: \. [\d-]+)?(?=[ ,])", rule.partition(" map {")[2])


def served(node, service):
    """{address: slots} of the servers that take new connections of "tcp 192.0.2.100:80" (or "fwm 5",
    "fwm6 5"); None when there is no such service."""
    protocol, _, rest = service.partition(" ")
    if protocol in ("fwm", "fwm6"):
        name = f"svc-mark{protocol[3:] or 4}-{rest}"
    else:
        host, _, port = rest.rpartition(":")
        name = f"svc-{protocol}-{host.strip('[]').replace(':', '-')}-{port}"
    for family in ("inet", "netdev"):
        chains = _chains(node, family)
        if name in chains:
            # Rules about a memory send to whom it names, not to whoever comes next.
            rules = [rule for rule in chains[name] if " map @" not in rule]
            return dict(collections.Counter(address for rule in rules for address in _targets(chains, rule)))
    return None
