# SPDX-License-Identifier: GPL-2.0-or-later
"""A small network in namespaces: what the real-world tests, the demo and the benchmarks share.

    with Lab("ab") as lab:
        daemon = lab.a.run(config)
        lab.wire.wait_advert(node="a", priority=100)

Needs root, iproute2 and nothing else; several labs may exist at once.
"""
from .lab import Lab, Node
from .farm import Farm
from . import configs
from .daemons import (Daemon, Frr, Holdfast, Keepalived, HOLDFAST, KEEPALIVED, HOLDFAST_AS_KEEPALIVED,
                      daemon_class, daemon_kind)
from .packets import Advert, Arp, Igmp, NeighbourAdvert
from .wait import wait_until, Timeout

__all__ = ["Lab", "Node", "Farm", "configs", "Daemon", "Frr", "Holdfast", "Keepalived", "HOLDFAST", "KEEPALIVED",
           "HOLDFAST_AS_KEEPALIVED", "daemon_class", "daemon_kind", "Advert", "Arp", "Igmp",
           "NeighbourAdvert", "wait_until", "Timeout"]
