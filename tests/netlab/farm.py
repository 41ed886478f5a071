# SPDX-License-Identifier: GPL-2.0-or-later
"""A farm: a client, directors and real servers in namespaces, ready for every forwarding method.

               front, link 0: 192.0.2.0/24, 2001:db8::/64
      client ------+-------+------------------+----------+
                   |       |                  |          |
                  d1      d2 (directors)     s1         s2 ... (servers)
                   |       |                  |          |
                   +-------+------------------+----------+
               back, link 1: 198.51.100.0/24, 2001:db8:1::/64

Servers are known to the directors by their back addresses. NAT: what a server sends from there
goes to the gateway, a director. DR and TUN: the virtual addresses are on the servers' loopback, not
answered for, and what is sent from them goes straight to the client. Works on any kernel; tunnels
only where the kernel has them.
"""
import os
import time

from . import backend, client, configs, ipvs, nft, ns
from .lab import Lab
from .wait import PATIENCE, Timeout, wait_until

VIP, VIP6 = "192.0.2.100", "2001:db8::100"
VIPS = [f"192.0.2.{number}" for number in range(100, 108)]
VIPS6 = [f"2001:db8::{number}" for number in range(100, 108)]
GATEWAY, GATEWAY6 = "198.51.100.254", "2001:db8:1::fe"
BACK, BACK6 = "198.51.100.0/24", "2001:db8:1::/64"
GUE_PORT = 6080


class Farm(Lab):
    """`static`: the first director has the virtual addresses and the servers' gateway from the
    start; else a VRRP instance has to bring them (VIP..., GATEWAY)."""

    def __init__(self, directors=1, servers=3, static=True, sniff=False):
        self.director_names = [f"d{number}" for number in range(1, directors + 1)]
        self.server_names = [f"s{number}" for number in range(1, servers + 1)]
        self.backends = {}
        super().__init__(["client", *self.director_names, *self.server_names], links=2, sniff=sniff)
        try:
            self._furnish(static)
        except BaseException:
            self.close()
            raise

    @property
    def directors(self):
        return [getattr(self, name) for name in self.director_names]

    @property
    def servers(self):
        return [getattr(self, name) for name in self.server_names]

    def close(self):
        for server in self.backends.values():
            server.kill()
        super().close()

    # -- set-up ---------------------------------------------------------------------------------

    def _furnish(self, static):
        self.client.ip("link set eth1 down")
        for node in self.directors:
            ns.inside(node.namespace, _director_settings)
        for node in self.servers:
            ns.inside(node.namespace, _server_settings)
            self._server_addresses(node)
        if static:
            self._own_addresses(self.d1)
        for node in self.servers:
            self.backends[node.name] = backend.Backend(node).start()

    @staticmethod
    def _own_addresses(node):
        lines = [f"addr add {vip}/24 dev eth0" for vip in VIPS] + [f"addr add {GATEWAY}/24 dev eth1"]
        lines += [f"addr add {vip}/64 dev eth0 nodad" for vip in VIPS6] + [f"addr add {GATEWAY6}/64 dev eth1 nodad"]
        _batch(node, lines)

    @staticmethod
    def _server_addresses(node):
        _batch(node, [*(f"addr add {vip}/32 dev lo" for vip in VIPS),
                      *(f"addr add {vip}/128 dev lo nodad" for vip in VIPS6),
                      f"rule add from {BACK} lookup 100",
                      f"route add {BACK} dev eth1 table 100",
                      f"route add default via {GATEWAY} dev eth1 table 100"])
        _batch(node, [f"rule add from {BACK6} lookup 100",
                      f"route add {BACK6} dev eth1 table 100",
                      f"route add default via {GATEWAY6} dev eth1 table 100"], "-6")

    def open_tunnels(self):
        """Let the servers take packets out of IPIP (all four mixtures), GRE and GUE."""
        for node in self.servers:
            _batch(node, [f"link set {name} up" for name in ("tunl0", "ip6tnl0", "sit0", "gre0", "ip6gre0")]
                   + [f"fou add port {GUE_PORT} gue"])
            _batch(node, [f"fou add port {GUE_PORT} gue", "tunnel change ip6tnl0 mode any"], "-6")
            ns.inside(node.namespace, _write_ipv4, "rp_filter", "0")

    # -- names and addresses ----------------------------------------------------------------------

    def real(self, name, family=4):
        """A server's address as the directors know it."""
        node = getattr(self, name)
        return node.address(1) if family == 4 else node.address6(1)

    def name_of(self, address):
        """The server that has the (back) address; the address itself where none has."""
        return next((node.name for node in self.servers if address in (node.address(1), node.address6(1))), address)

    # -- servers and clients ------------------------------------------------------------------------

    def kill(self, name):
        """End the server process: connections to it are refused."""
        self.backends[name].kill()

    def revive(self, name):
        self.backends[name].start()

    def ask(self, address=VIP, port=backend.HTTP, count=1, **more):
        return client.ask(self.client, address, port, count, **more)

    def tally(self, address=VIP, port=backend.HTTP, count=1, **more):
        return client.tally(self.client, address, port, count, **more)

    def wait_tally(self, wanted, address=VIP, port=backend.HTTP, timeout=PATIENCE):
        """Until so many requests as `wanted` has spread so. A table that has just changed may make the
        first round of round robin uneven."""
        seen = []

        def even():
            seen.append(self.tally(address, port, sum(wanted.values())))
            return seen[-1] == wanted
        try:
            wait_until(even, what="spread", timeout=timeout, interval=0.1)
        except Timeout:
            raise Timeout(f"{address}: {wanted} did not come within {timeout:g} s, but {seen}") from None

    # -- the kernel's virtual servers -------------------------------------------------------------

    @property
    def engine(self):
        """What carries the virtual servers here."""
        return configs.ENGINE or ("ipvs" if os.path.exists("/proc/net/ip_vs") else "nftables")

    def pool(self, service, director=None):
        """{server name: weight} of a service ("tcp 192.0.2.100:80"); None when there is none. From the
        kernel; the rules of nftables say who is served, and the daemon with which weight."""
        node = director or self.d1
        if self.engine == "ipvs":
            weights = ipvs.weights(node, service)
        else:
            weights = nft.served(node, service)
            told = node.daemons[-1].weights(service) or {} if weights else {}
            weights = weights and {address: told.get(address) or 1 for address in weights}
        return None if weights is None else {self.name_of(address): weight for address, weight in weights.items()}

    def wait_pool(self, service, wanted, timeout=PATIENCE, director=None):
        """Until the service has exactly {server name: weight}. In rules of nftables 0 does not show."""
        if self.engine != "ipvs":
            wanted = {name: weight for name, weight in wanted.items() if weight}
        deadline = time.monotonic() + timeout
        while (seen := self.pool(service, director)) != wanted:
            if time.monotonic() > deadline:
                raise Timeout(f"not within {timeout:g} s: {service} with {wanted}; it has {seen}")
            time.sleep(0.05)

    def is_empty(self, director=None):
        """Is nothing of any virtual server left in the kernel?"""
        node = director or self.d1
        return ipvs.table(node) == {} if self.engine == "ipvs" else "holdfast" not in node.execute("nft", "list", "ruleset")


def _batch(node, lines, *options):
    ns.run("ip", "-n", node.namespace, *options, "-batch", "-", text="\n".join(lines) + "\n")


def _write(path, value):
    with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as handle:
        handle.write(value)


def _write_ipv4(name, value):
    """A setting of every interface that there is and of those to come."""
    for interface in ("all", "default", *_interfaces()):
        _write(f"ipv4/conf/{interface}/{name}", value)


def _interfaces():
    with open("/proc/thread-self/net/dev", encoding="ascii") as handle:
        return [line.partition(":")[0].strip() for line in handle if ":" in line]


def _director_settings():
    _write("ipv4/ip_forward", "1")
    _write("ipv6/conf/all/forwarding", "1")
    for name in ("rp_filter", "send_redirects"):
        _write_ipv4(name, "0")


def _server_settings():
    _write_ipv4("rp_filter", "0")
    _write_ipv4("arp_ignore", "1")
    _write_ipv4("arp_announce", "2")
